import { readFileSync } from "node:fs";
import { join } from "node:path";
import { xidIn, xidMeaning } from "../../src/domain/diagnosis/xid.ts";
import type { Row } from "./row.ts";

interface Code {
  readonly code: number;
  readonly description: string;
  readonly immediate: string;
}

/** NVIDIA's catalogue as the reference holds it: every code in use has a meaning and the same action, every log line is read. */
export function xidBench(folder: string): Row[] {
  const catalog = (JSON.parse(readFileSync(join(folder, "xid_catalog.json"), "utf8")) as Code[]).filter(
    ({ description }) => description !== "Unused",
  );
  const lines = JSON.parse(readFileSync(join(folder, "kernel_log_lines.json"), "utf8")) as {
    line: string;
    xid: number;
  }[];
  const known = catalog.filter(({ code }) => xidMeaning(code) !== null);
  const same = known.filter(({ code, immediate }) => xidMeaning(code)?.action === (immediate || "NONE"));
  const read = lines.filter(({ line, xid }) => xidIn(line) === xid);
  return [
    {
      bench: "xid",
      metric: `codes_in_use_of_${catalog.length}_with_a_meaning`,
      value: known.length / catalog.length,
      unit: "ratio",
    },
    { bench: "xid", metric: "actions_as_in_the_catalogue", value: same.length / catalog.length, unit: "ratio" },
    { bench: "xid", metric: `log_lines_of_${lines.length}_read`, value: read.length / lines.length, unit: "ratio" },
  ];
}
