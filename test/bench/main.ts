import { existsSync } from "node:fs";
import { join } from "node:path";
import { ablationBench } from "./ablation.ts";
import { llmDriftBench } from "./llm-drift.ts";
import type { Row } from "./row.ts";
import { speedBench } from "./speed.ts";
import { changePointBench } from "./tcpd.ts";
import { xidBench } from "./xid.ts";

/** Where the published data lies, unless `--data DIR` says otherwise; it is read there and never copied. */
const DATA = "../shared/benchmarks";
const SCENARIOS = "../shared/scenarios/dev";

interface Place {
  readonly data: string;
  readonly scenarios: string | null;
}

const BENCHES: Readonly<Record<string, (place: Place) => Row[] | Promise<Row[]>>> = {
  changepoint: ({ data }) => changePointBench(join(data, "tcpd")),
  drift: ({ data }) => llmDriftBench(join(data, "llm_drift")),
  xid: ({ data }) => xidBench(join(data, "nvidia_xid")),
  ablation: ({ scenarios }) => ablationBench(scenarios),
  diagnosis: () => speedBench(),
};

async function main(args: readonly string[]): Promise<number> {
  const option = (name: string) => (args.includes(name) ? (args[args.indexOf(name) + 1] ?? null) : null);
  const name = args.find((arg) => Object.hasOwn(BENCHES, arg));
  if (name === undefined) {
    console.error(
      `npm run bench -- NAME [--json] [--data DIR] [--scenarios DIR]; NAME is one of ${Object.keys(BENCHES).join(", ")}`,
    );
    return 2;
  }
  const scenarios = option("--scenarios") ?? (existsSync(SCENARIOS) ? SCENARIOS : null);
  const rows = (await BENCHES[name]?.({ data: option("--data") ?? DATA, scenarios })) ?? [];
  for (const row of rows) console.log(args.includes("--json") ? JSON.stringify(row) : told(row));
  return 0;
}

function told({ metric, value, unit, peer, peer_value }: Row): string {
  const beside = peer === undefined || peer_value === undefined ? "" : `   ${peer}: ${peer_value}`;
  return `${metric.padEnd(56)} ${value.toFixed(3).padStart(10)} ${unit}${beside}`;
}

process.exitCode = await main(process.argv.slice(2));
