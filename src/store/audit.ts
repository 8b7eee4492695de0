import { z } from "zod";
import { Json } from "../domain/json.ts";
import { type ChainHead, chainLine, chainStart } from "../lib/audit-chain.ts";
import type { AuditEntry, AuditLine } from "../store-port.ts";
import type { Db, Tx } from "./engine.ts";
import { json, plain, read, wellFormed } from "./tables.ts";

const Row = z.object({
  seq: z.coerce.number().int(),
  at: z.coerce.number(),
  actor: z.string(),
  action: z.string(),
  incidentId: z.string().nullable(),
  proposalId: z.string().nullable(),
  digest: z.string().nullable(),
  detail: Json,
  prevHash: z.string(),
  hash: z.string(),
});

/**
 * Adds lines to the chain, in the transaction of what they record. Nobody else may add lines until that transaction
 * ends: the caller has serialised it.
 */
export async function appendAudit(tx: Tx, entries: readonly AuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  let head: ChainHead =
    (await tx.selectFrom("audit").select(["seq", "hash"]).orderBy("seq", "desc").limit(1).executeTakeFirst()) ??
    chainStart;
  const rows = [];
  for (const entry of entries) {
    const line = chainLine(head, stored(entry));
    head = line;
    rows.push({
      seq: line.seq,
      at: line.at,
      actor: line.actor,
      action: line.action,
      incident_id: line.incidentId,
      proposal_id: line.proposalId,
      digest: line.digest,
      detail: JSON.stringify(line.detail),
      prev_hash: line.prevHash,
      hash: line.hash,
    });
  }
  await tx.insertInto("audit").values(rows).execute();
}

/** The entry as it will be read again, so that the hash is over what is stored. */
function stored(entry: AuditEntry): AuditEntry {
  const text = (value: string | null) => (value === null ? null : plain(value));
  return {
    at: entry.at,
    actor: plain(entry.actor),
    action: plain(entry.action),
    incidentId: text(entry.incidentId),
    proposalId: text(entry.proposalId),
    digest: text(entry.digest),
    detail: wellFormed(JSON.parse(JSON.stringify(entry.detail)) as Json),
  };
}

export async function auditAfter(db: Db, afterSeq: number, limit: number): Promise<AuditLine[]> {
  const rows = await db
    .selectFrom("audit")
    .selectAll()
    .where("seq", ">", afterSeq)
    .orderBy("seq")
    .limit(limit)
    .execute();
  return rows.map((row) => {
    const what = `audit line ${row.seq}`;
    const { incident_id, proposal_id, prev_hash, detail, ...rest } = row;
    const names = { incidentId: incident_id, proposalId: proposal_id, prevHash: prev_hash };
    return read(Row, { ...rest, ...names, detail: json(detail, what) }, what);
  });
}
