import { join } from "node:path";
import { readConfig, readEnvironment } from "../config.ts";
import { verifyChain } from "../lib/audit-chain.ts";
import { systemClock } from "../lib/clock.ts";
import { createLog } from "../lib/log.ts";
import { openStore } from "../store/open.ts";
import type { AuditLine } from "../store-port.ts";

const PAGE = 1_000;

/** Recomputes the audit's hash chain. @returns the exit status: 1 when a line was tampered with */
export async function auditVerify(): Promise<number> {
  const environment = readEnvironment();
  const config = environment.file === null ? null : readConfig(environment.file);
  const url = config?.database.postgres;
  const path = config?.database.path ?? join(environment.dataDir, "faultline.db");
  const options =
    url === undefined ? ({ kind: "sqlite", path, readOnly: true } as const) : ({ kind: "postgres", url } as const);
  const store = await openStore(options, { clock: systemClock, log: createLog(environment.logLevel) });
  try {
    const lines: AuditLine[] = [];
    for (let page = await store.audit(0, PAGE); page.length > 0; page = await store.audit(page.at(-1)?.seq ?? 0, PAGE))
      lines.push(...page);
    const result = verifyChain(lines);
    if (result.ok)
      process.stdout.write(`ok: ${lines.length} lines, the chain is whole; head ${lines.at(-1)?.hash ?? "none"}\n`);
    else process.stdout.write(`broken at line ${result.seq}: ${result.because}\n`);
    return result.ok ? 0 : 1;
  } finally {
    await store.close();
  }
}
