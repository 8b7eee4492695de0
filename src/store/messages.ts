import { sql } from "kysely";
import { z } from "zod";
import { Json } from "../domain/json.ts";
import { digestOf } from "../lib/digest.ts";
import type { Commit, Store, StoredMessage } from "../store-port.ts";
import type { Db, Tx } from "./engine.ts";
import { indexKey, json, plain, read, wellFormed, whole } from "./tables.ts";

const Row = z.object({
  incidentId: z.string(),
  key: z.string(),
  text: z.string(),
  blocks: z.array(Json),
  seq: z.number().int(),
  rev: z.number().int(),
  publishedRev: z.number().int(),
  channel: z.string().nullable(),
  ts: z.string().nullable(),
  sendingSince: z.number().nullable(),
  updatedAt: z.number(),
});

/** Inserts at the thread's end, or replaces where the content differs; unchanged content writes nothing. */
export async function putMessage(tx: Tx, put: NonNullable<Commit["messages"]>[number]): Promise<void> {
  const { incidentId, message, at } = put;
  const { key, text, blocks } = message;
  const next = sql<number>`(select coalesce(max(seq), 0) + 1 from message where incident_id = ${incidentId})`;
  await tx
    .insertInto("message")
    .values({
      incident_id: incidentId,
      key: indexKey(key),
      seq: next,
      rev: 1,
      published_rev: 0,
      channel: null,
      ts: null,
      sending_since: null,
      updated_at: whole(at),
      content_digest: digestOf(wellFormed({ text, blocks })),
      doc: JSON.stringify({ key, text, blocks }),
    })
    .onConflict((conflict) =>
      conflict
        .columns(["incident_id", "key"])
        .doUpdateSet((eb) => ({
          rev: eb("message.rev", "+", 1),
          updated_at: eb.ref("excluded.updated_at"),
          content_digest: eb.ref("excluded.content_digest"),
          doc: eb.ref("excluded.doc"),
        }))
        .whereRef("message.content_digest", "<>", "excluded.content_digest"),
    )
    .execute();
}

export async function messagesOf(db: Db, incidentId: string, limit: number): Promise<StoredMessage[]> {
  const rows = await db
    .selectFrom("message")
    .selectAll()
    .where("incident_id", "=", incidentId)
    .orderBy("seq")
    .limit(limit)
    .execute();
  return rows.map((row) => {
    const what = `message ${row.key} of ${row.incident_id}`;
    const doc = z.looseObject({}).parse(json(row.doc, what));
    return read(
      Row,
      {
        ...doc,
        incidentId: row.incident_id,
        seq: row.seq,
        rev: row.rev,
        publishedRev: row.published_rev,
        channel: row.channel,
        ts: row.ts,
        sendingSince: row.sending_since,
        updatedAt: row.updated_at,
      },
      what,
    );
  });
}

/** @returns false when another process began the post since it was read */
export async function markSending(db: Db, begun: Parameters<Store["messageSending"]>[0]): Promise<boolean> {
  const { incidentId, key, at, expected } = begun;
  const marked = db
    .updateTable("message")
    .set({ sending_since: whole(at) })
    .where("incident_id", "=", incidentId)
    .where("key", "=", indexKey(key))
    .where("sending_since", expected === null ? "is" : "=", expected === null ? null : whole(expected));
  return (await marked.returning("key").execute()).length > 0;
}

/** An answer that comes late, after that of a newer rev, does not set the rev back. */
export async function markPublished(
  db: Db,
  incidentId: string,
  key: string,
  published: Parameters<Store["messagePublished"]>[2],
): Promise<void> {
  await db
    .updateTable("message")
    .set((eb) => ({
      published_rev: eb
        .case()
        .when("published_rev", "<", published.rev)
        .then(published.rev)
        .else(eb.ref("published_rev"))
        .end(),
      channel: plain(published.channel),
      ts: plain(published.ts),
      sending_since: null,
    }))
    .where("incident_id", "=", incidentId)
    .where("key", "=", indexKey(key))
    .execute();
}
