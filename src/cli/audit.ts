import { verifyChain } from "../lib/audit-chain.ts";
import type { AuditLine, Store } from "../store-port.ts";
import { withStore } from "./read-store.ts";

const PAGE = 1_000;

/** Recomputes the audit's hash chain. @returns the exit status: 1 when a line was tampered with */
export async function auditVerify(): Promise<number> {
  const lines = await withStore(allLines);
  const result = verifyChain(lines);
  if (result.ok) console.log(`ok: ${lines.length} lines, the chain is whole; head ${lines.at(-1)?.hash ?? "none"}`);
  else console.log(`broken at line ${result.seq}: ${result.because}`);
  return result.ok ? 0 : 1;
}

async function allLines(store: Store): Promise<AuditLine[]> {
  const lines: AuditLine[] = [];
  for (let page = await store.audit(0, PAGE); page.length > 0; page = await store.audit(page.at(-1)?.seq ?? 0, PAGE))
    lines.push(...page);
  return lines;
}
