import { Command, InvalidArgumentError } from "commander";
import { auditVerify } from "./cli/audit.ts";
import { listConnectors } from "./cli/connectors.ts";
import { doctor } from "./cli/doctor.ts";
import { drill } from "./cli/drill.ts";
import { evaluate } from "./cli/eval.ts";
import { explain } from "./cli/explain.ts";
import { replay } from "./cli/replay.ts";
import { sandboxAlone } from "./cli/sandbox.ts";
import { serve } from "./cli/serve.ts";
import { train } from "./cli/train.ts";
import { Fault } from "./lib/fault.ts";
import { loadRunbooks, shippedRunbooks } from "./runbooks.ts";

/**
 * Runs one command. The exit status is 0 when all went well, 1 when the answer is no, 2 when the configuration or the
 * arguments are wrong.
 */
export async function run(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(argv);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error.kind === "config" ? 2 : 1;
  }
}

function program(): Command {
  const faultline = new Command("faultline")
    .description("The on-call engineer's bot for services that stand on AI models.")
    .version("0.1.0");
  faultline
    .command("serve")
    .description("run the bot (without a configuration: local mode with the sandbox)")
    .action(serve);
  faultline
    .command("doctor")
    .description("check the configuration and everything it names; say what is missing and how to mend it")
    .option("--json", "print one JSON object a line")
    .action(async (options: { json?: boolean }) => exit(await doctor(options.json === true)));
  faultline
    .command("drill [fault]")
    .description(
      "break the sandbox on purpose and watch it being diagnosed and mended; without a name, list the faults",
    )
    .option("--all", "every fault, headless, three at once")
    .option("--json", "print one JSON object a line")
    .option("--seed <n>", "varies sizes, times, slices and the innocent changes", wholeNumber, 1)
    .option("--approve-as <name>", 'approve the first proposal as this person; headless drills do so as "drill"')
    .action(async (fault: string | undefined, options: DrillFlags) =>
      exit(await drill(fault ?? null, { ...options, all: options.all === true, json: options.json === true })),
    );
  diagnosisCommands(faultline);
  faultline
    .command("connectors")
    .description("list the connectors and what each can do")
    .option("--json", "print one JSON object a line")
    .action((options: { json?: boolean }) => listConnectors(options.json === true));
  faultline
    .command("sandbox")
    .description("run the sandbox alone, for a Prometheus to scrape")
    .option("--port <n>", "where it listens on 127.0.0.1", wholeNumber, 8790)
    .option("--target <url>", "where its deliveries go")
    .option("--seed <n>", "varies it", wholeNumber, 1)
    .action(sandboxAlone);
  faultline
    .command("explain <incident>")
    .description("print the whole weighing of an incident's latest diagnosis")
    .action(async (incident: string) => exit(await explain(incident)));
  const audit = faultline.command("audit").description("the append-only record of decisions and acts");
  audit
    .command("verify")
    .description("recompute the hash chain and say where it breaks")
    .action(async () => exit(await auditVerify()));
  return faultline;
}

/** Commands that work on recorded incidents: no network, no configuration. */
function diagnosisCommands(faultline: Command): void {
  faultline
    .command("replay <files...>")
    .description("diagnose recorded scenarios as of their own time, without network")
    .option("--json", "print one JSON object a line")
    .action(async (files: string[], options: { json?: boolean }) =>
      exit(await replay(files, { json: options.json === true, runbooks: loadRunbooks(shippedRunbooks) }, io)),
    );
  faultline
    .command("eval <dir>")
    .description("replay every scenario of a folder and score the answers")
    .option("--json", "print the scores as data")
    .action(async (dir: string, options: { json?: boolean }) =>
      exit(await evaluate(dir, { json: options.json === true, runbooks: loadRunbooks(shippedRunbooks) }, io)),
    );
  faultline
    .command("train <dirs...>")
    .description("refit how far each kind of evidence is trusted, cross-validated by incident")
    .option("--check", "only cross-validate; exit status 1 when that is much worse")
    .action(async (dirs: string[], options: { check?: boolean }) =>
      exit(await train(dirs, { check: options.check === true, runbooks: loadRunbooks(shippedRunbooks) }, io)),
    );
}

const io = {
  out: (line: string) => process.stdout.write(`${line}\n`),
  err: (line: string) => process.stderr.write(`${line}\n`),
};

interface DrillFlags {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly seed: number;
  readonly approveAs?: string;
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("a whole number is expected");
  return Number(text);
}

function exit(code: number): void {
  process.exitCode = code;
}
