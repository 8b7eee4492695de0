import { sql } from "kysely";
import { Change, refine } from "../domain/change.ts";
import { isEnded } from "../domain/execution.ts";
import { isOpen } from "../domain/incident.ts";
import { canonicalJson } from "../lib/digest.ts";
import type { Commit } from "../store-port.ts";
import { appendAudit } from "./audit.ts";
import type { Engine, Queue, Tx } from "./engine.ts";
import { putMessage } from "./messages.ts";
import { indexKey, json, plain, read, wellFormed, whole } from "./tables.ts";

/** A guard did not hold: ends the transaction, and becomes the answer "conflict". */
class Conflict extends Error {}

type Part<K extends keyof Commit> = NonNullable<Commit[K]>;

/** Makes everything of the commit true, or nothing. */
export async function commitAll(commit: Commit, engine: Engine, queue: Queue): Promise<"committed" | "conflict"> {
  try {
    await engine.write(async (tx) => {
      // Numbers that follow one another (audit, timeline, thread) are given to one writer at a time.
      await engine.serialise(tx);
      await writeIncidents(tx, commit);
      await writeProposals(tx, commit);
      await writeExecutions(tx, commit);
      await writeRecords(tx, commit);
      await queue.add(commit.jobs ?? [], tx);
    });
    return "committed";
  } catch (error) {
    if (error instanceof Conflict) return "conflict";
    throw error;
  }
}

async function writeIncidents(tx: Tx, commit: Commit): Promise<void> {
  if (commit.delivery !== undefined) {
    const { id, state, fault } = commit.delivery;
    const set = { state, fault: fault === null ? null : plain(fault) };
    await tx.updateTable("delivery").set(set).where("id", "=", id).execute();
  }
  for (const each of commit.incidents ?? []) await putIncident(tx, each);
  for (const each of commit.alerts ?? []) await putAlert(tx, each);
  await putChanges(tx, commit.changes ?? []);
  if (commit.diagnosis !== undefined) {
    const { incidentId, diagnosis } = commit.diagnosis;
    const version = sql<number>`(select coalesce(max(version), 0) + 1 from diagnosis where incident_id = ${incidentId})`;
    await tx
      .insertInto("diagnosis")
      .values({ incident_id: incidentId, version, doc: JSON.stringify(diagnosis) })
      .execute();
  }
}

/** A change that is told again refines what is known of it. */
async function putChanges(tx: Tx, changes: readonly Change[]): Promise<void> {
  for (const told of changes) {
    const id = indexKey(told.id);
    const known = await tx.selectFrom("change").select("doc").where("id", "=", id).executeTakeFirst();
    const change = known === undefined ? told : refine(read(Change, json(known.doc, "change"), `change ${id}`), told);
    const row = { id, at: whole(change.at), doc: JSON.stringify(change) };
    if (known?.doc === row.doc) continue;
    await tx
      .insertInto("change")
      .values(row)
      .onConflict((conflict) => conflict.column("id").doUpdateSet({ at: row.at, doc: row.doc }))
      .execute();
  }
}

async function putIncident(tx: Tx, { next, expectRev }: Part<"incidents">[number]): Promise<void> {
  const row = {
    id: next.id,
    rev: next.rev,
    open: isOpen(next) ? 1 : 0,
    opened_at: whole(next.openedAt),
    doc: JSON.stringify(next),
  };
  if (expectRev === null) {
    const inserted = tx
      .insertInto("incident")
      .values(row)
      .onConflict((conflict) => conflict.column("id").doNothing());
    return guard(await inserted.returning("id").execute());
  }
  if (next.rev !== expectRev + 1) throw new Error(`incident ${next.id}: rev ${next.rev} does not follow ${expectRev}`);
  const moved = tx.updateTable("incident").set(row).where("id", "=", next.id).where("rev", "=", expectRev);
  guard(await moved.returning("id").execute());
}

async function putAlert(tx: Tx, { incidentId, alert }: Part<"alerts">[number]): Promise<void> {
  const row = {
    fingerprint: indexKey(alert.fingerprint),
    starts_at: whole(alert.startsAt),
    incident_id: incidentId,
    doc: JSON.stringify(alert),
  };
  await tx
    .insertInto("alert")
    .values(row)
    .onConflict((conflict) => conflict.columns(["fingerprint", "starts_at"]).doUpdateSet({ doc: row.doc }))
    .execute();
}

async function writeProposals(tx: Tx, commit: Commit): Promise<void> {
  for (const proposal of commit.proposals ?? []) {
    const row = {
      id: proposal.id,
      incident_id: proposal.incidentId,
      state: proposal.state,
      ended_because: proposal.endedBecause === null ? null : plain(proposal.endedBecause),
      created_at: whole(proposal.createdAt),
      doc: JSON.stringify(proposal),
    };
    const inserted = tx
      .insertInto("proposal")
      .values(row)
      .onConflict((conflict) => conflict.column("id").doNothing());
    guard(await inserted.returning("id").execute());
  }
  for (const { id, from, to, because } of commit.proposalMoves ?? []) {
    const moved = tx
      .updateTable("proposal")
      .set({ state: to, ended_because: plain(because) })
      .where("id", "=", id)
      .where("state", "=", from);
    guard(await moved.returning("id").execute());
  }
  for (const decision of commit.decisions ?? []) {
    const row = {
      id: decision.id,
      proposal_id: decision.proposalId,
      digest: indexKey(decision.digest),
      verdict: decision.verdict,
      person: indexKey(decision.by),
      at: whole(decision.at),
      doc: JSON.stringify(decision),
    };
    const inserted = tx
      .insertInto("decision")
      .values(row)
      .onConflict((conflict) => conflict.doNothing());
    guard(await inserted.returning("id").execute());
  }
}

async function writeExecutions(tx: Tx, commit: Commit): Promise<void> {
  for (const each of commit.executions ?? []) await putExecution(tx, each);
  if (commit.unlock !== undefined) {
    await tx.deleteFrom("target_lock").where("execution_id", "=", commit.unlock).execute();
  }
  for (const { target, executionId } of commit.locks ?? []) {
    const row = { target: indexKey(target), execution_id: executionId };
    // Whoever holds the lock may take it again: two steps of one execution can have one target.
    const taken = tx
      .insertInto("target_lock")
      .values(row)
      .onConflict((conflict) =>
        conflict.column("target").doUpdateSet(row).where("target_lock.execution_id", "=", executionId),
      );
    guard(await taken.returning("target").execute());
  }
}

async function putExecution(tx: Tx, { next, expectEpoch }: Part<"executions">[number]): Promise<void> {
  const row = {
    id: next.id,
    proposal_id: next.proposalId,
    incident_id: next.incidentId,
    epoch: next.epoch,
    active: isEnded(next) ? 0 : 1,
    started_at: whole(next.startedAt),
    doc: JSON.stringify(next),
  };
  if (expectEpoch === null) {
    const inserted = tx
      .insertInto("execution")
      .values(row)
      .onConflict((conflict) => conflict.column("id").doNothing());
    return guard(await inserted.returning("id").execute());
  }
  const moved = tx.updateTable("execution").set(row).where("id", "=", next.id).where("epoch", "=", expectEpoch);
  guard(await moved.returning("id").execute());
}

async function writeRecords(tx: Tx, commit: Commit): Promise<void> {
  for (const entry of commit.timeline ?? []) {
    const { incidentId } = entry;
    const seq = sql<number>`(select coalesce(max(seq), 0) + 1 from timeline where incident_id = ${incidentId})`;
    await tx
      .insertInto("timeline")
      .values({ incident_id: incidentId, seq, doc: JSON.stringify(entry) })
      .execute();
  }
  await appendAudit(tx, commit.audit ?? []);
  for (const put of commit.messages ?? []) await putMessage(tx, put);
  for (const note of commit.notes ?? []) await putNote(tx, note);
}

async function putNote(tx: Tx, { name, from, to }: Part<"notes">[number]): Promise<void> {
  const row = { name: indexKey(name), value: canonicalJson(wellFormed(to)) };
  if (from === null) {
    const inserted = tx
      .insertInto("note")
      .values(row)
      .onConflict((conflict) => conflict.column("name").doNothing());
    return guard(await inserted.returning("name").execute());
  }
  const moved = tx
    .updateTable("note")
    .set(row)
    .where("name", "=", row.name)
    .where("value", "=", canonicalJson(wellFormed(from)));
  guard(await moved.returning("name").execute());
}

/** A statement with a guard must have met its row. */
function guard(rows: readonly unknown[]): void {
  if (rows.length === 0) throw new Conflict();
}
