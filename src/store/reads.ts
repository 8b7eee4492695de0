import { sql } from "kysely";
import { z } from "zod";
import { Alert } from "../domain/alert.ts";
import { Change } from "../domain/change.ts";
import { Delivery } from "../domain/delivery.ts";
import { Diagnosis } from "../domain/diagnosis/diagnosis.ts";
import { Execution } from "../domain/execution.ts";
import { Incident } from "../domain/incident.ts";
import { Json } from "../domain/json.ts";
import { Decision, Proposal } from "../domain/proposal.ts";
import { TimelineEntry } from "../domain/timeline.ts";
import type { Store } from "../store-port.ts";
import { auditAfter } from "./audit.ts";
import { asking, type Db, type Engine } from "./engine.ts";
import { messagesOf } from "./messages.ts";
import { indexKey, json, read, whole } from "./tables.ts";

/** No answer has more rows than this: what belongs to one incident is far less, even in a storm. */
const BOUND = 10_000;

const Parsed = z.object({ alerts: z.array(Alert), changes: z.array(Change) });
const Doc = z.looseObject({});

type Reads = Pick<
  Store,
  | "delivery"
  | "unreadable"
  | "incident"
  | "incidents"
  | "incidentOfAlert"
  | "alerts"
  | "timeline"
  | "changesIn"
  | "diagnoses"
  | "proposal"
  | "proposals"
  | "decisions"
  | "execution"
  | "executions"
  | "audit"
  | "messages"
  | "note"
>;

/** Every question that the store answers: one statement each, bounded, and checked row by row on the way out. */
export function createReads(engine: Engine): Reads {
  const ask = <T>(query: (db: Db) => Promise<T>): Promise<T> => asking(engine, () => query(engine.db));
  return { ...aboutDeliveries(ask), ...aboutIncidents(ask), ...aboutProposals(ask), ...aboutRecords(ask) };
}

// Literals, because SQLite uses a partial index only where the statement itself says what the index says.
const isOpen = sql<boolean>`open = 1`;
const isClosed = sql<boolean>`open = 0`;
const isActive = sql<boolean>`active = 1`;
const isPassive = sql<boolean>`active = 0`;

type Ask = <T>(query: (db: Db) => Promise<T>) => Promise<T>;

function doc<T>(schema: z.ZodType<T>, text: string, what: string): T {
  return read(schema, json(text, what), what);
}

function aboutDeliveries(ask: Ask): Pick<Reads, "delivery" | "unreadable"> {
  interface Row {
    id: string;
    state: string;
    fault: string | null;
    doc: string;
  }
  const deliveryOf = ({ id, state, fault, doc: text }: Row): Delivery => {
    const what = `delivery ${id}`;
    return read(Delivery, { ...read(Doc, json(text, what), what), id, state, fault }, what);
  };
  return {
    delivery: (id) =>
      ask(async (db) => {
        const row = await db.selectFrom("delivery").selectAll().where("id", "=", id).executeTakeFirst();
        if (row === undefined) return null;
        return { delivery: deliveryOf(row), parsed: doc(Parsed, row.parsed, `delivery ${id}`) };
      }),
    unreadable: (limit) =>
      ask(async (db) => {
        const rows = await db
          .selectFrom("delivery")
          .select(["id", "state", "fault", "doc"])
          .where(sql<boolean>`state = 'unreadable'`)
          .orderBy("received_at", "desc")
          .limit(bound(limit))
          .execute();
        return rows.map(deliveryOf);
      }),
  };
}

function aboutIncidents(
  ask: Ask,
): Pick<Reads, "incident" | "incidents" | "incidentOfAlert" | "alerts" | "timeline" | "diagnoses"> {
  return {
    incident: (id) =>
      ask(async (db) => {
        const row = await db.selectFrom("incident").select("doc").where("id", "=", id).executeTakeFirst();
        return row === undefined ? null : doc(Incident, row.doc, `incident ${id}`);
      }),
    incidents: ({ open, limit }) =>
      ask(async (db) => {
        const newest = db
          .selectFrom("incident")
          .select("doc")
          .orderBy("opened_at", "desc")
          .orderBy("id", "desc")
          .limit(bound(limit));
        const rows = await (open === undefined ? newest : newest.where(open ? isOpen : isClosed)).execute();
        return rows.map((row) => doc(Incident, row.doc, "an incident"));
      }),
    incidentOfAlert: (fingerprint, startsAt) =>
      ask(async (db) => {
        const row = await db
          .selectFrom("alert")
          .innerJoin("incident", "incident.id", "alert.incident_id")
          .select("incident.doc")
          .where("fingerprint", "=", indexKey(fingerprint))
          .where("starts_at", "=", whole(startsAt))
          .executeTakeFirst();
        return row === undefined ? null : doc(Incident, row.doc, "an alert's incident");
      }),
    alerts: (incidentId) =>
      ask(async (db) => {
        const rows = await db
          .selectFrom("alert")
          .select("doc")
          .where("incident_id", "=", incidentId)
          .orderBy("starts_at")
          .orderBy("fingerprint")
          .limit(BOUND)
          .execute();
        return rows.map((row) => doc(Alert, row.doc, `an alert of ${incidentId}`));
      }),
    timeline: (incidentId) =>
      ask(async (db) => {
        const rows = await db
          .selectFrom("timeline")
          .select("doc")
          .where("incident_id", "=", incidentId)
          .orderBy("seq")
          .limit(BOUND)
          .execute();
        return rows.map((row) => doc(TimelineEntry, row.doc, `a timeline entry of ${incidentId}`));
      }),
    diagnoses: (incidentId, versions = 1) =>
      ask(async (db) => {
        const rows = await db
          .selectFrom("diagnosis")
          .select("doc")
          .where("incident_id", "=", incidentId)
          .orderBy("version", "desc")
          .limit(bound(versions))
          .execute();
        return rows.reverse().map((row) => doc(Diagnosis, row.doc, `a diagnosis of ${incidentId}`));
      }),
  };
}

function aboutProposals(ask: Ask): Pick<Reads, "proposal" | "proposals" | "decisions" | "execution" | "executions"> {
  interface Row {
    id: string;
    state: string;
    ended_because: string | null;
    doc: string;
  }
  const proposalOf = ({ id, state, ended_because, doc: text }: Row): Proposal => {
    const what = `proposal ${id}`;
    return read(Proposal, { ...read(Doc, json(text, what), what), state, endedBecause: ended_because }, what);
  };
  return {
    proposal: (id) =>
      ask(async (db) => {
        const row = await db.selectFrom("proposal").selectAll().where("id", "=", id).executeTakeFirst();
        return row === undefined ? null : proposalOf(row);
      }),
    proposals: ({ incidentId, state }) =>
      ask(async (db) => {
        let query = db.selectFrom("proposal").selectAll().orderBy("created_at").orderBy("id").limit(BOUND);
        if (incidentId !== undefined) query = query.where("incident_id", "=", incidentId);
        if (state !== undefined) query = query.where("state", "=", state);
        return (await query.execute()).map(proposalOf);
      }),
    decisions: (proposalId) =>
      ask(async (db) => {
        const rows = await db
          .selectFrom("decision")
          .select("doc")
          .where("proposal_id", "=", proposalId)
          .orderBy("at")
          .orderBy("id")
          .limit(BOUND)
          .execute();
        return rows.map((row) => doc(Decision, row.doc, `a decision on ${proposalId}`));
      }),
    execution: (id) =>
      ask(async (db) => {
        const row = await db.selectFrom("execution").select("doc").where("id", "=", id).executeTakeFirst();
        return row === undefined ? null : doc(Execution, row.doc, `execution ${id}`);
      }),
    executions: ({ incidentId, active }) =>
      ask(async (db) => {
        let query = db.selectFrom("execution").select("doc").orderBy("started_at").orderBy("id").limit(BOUND);
        if (incidentId !== undefined) query = query.where("incident_id", "=", incidentId);
        if (active !== undefined) query = query.where(active ? isActive : isPassive);
        return (await query.execute()).map((row) => doc(Execution, row.doc, "an execution"));
      }),
  };
}

function aboutRecords(ask: Ask): Pick<Reads, "changesIn" | "audit" | "messages" | "note"> {
  return {
    // Of too many, the newest; in order of time.
    changesIn: (window, limit) =>
      ask(async (db) => {
        const rows = await db
          .selectFrom("change")
          .select("doc")
          .where("at", ">=", whole(window.from))
          .where("at", "<", whole(window.to))
          .orderBy("at", "desc")
          .orderBy("id", "desc")
          .limit(bound(limit))
          .execute();
        return rows.reverse().map((row) => doc(Change, row.doc, "a change"));
      }),
    audit: (afterSeq, limit) => ask((db) => auditAfter(db, afterSeq, bound(limit))),
    messages: (incidentId) => ask((db) => messagesOf(db, incidentId, BOUND)),
    note: (name) =>
      ask(async (db) => {
        const row = await db.selectFrom("note").select("value").where("name", "=", indexKey(name)).executeTakeFirst();
        return row === undefined ? null : doc(Json, row.value, `note ${name}`);
      }),
  };
}

function bound(limit: number): number {
  return Math.max(0, Math.min(BOUND, Math.trunc(limit)));
}
