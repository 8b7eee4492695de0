#!/usr/bin/env node
// Plain JavaScript on purpose: the first file must be readable by any Node.js, so that it can say what is missing.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  process.stderr.write(
    `faultline: Node.js 22.12 or newer is needed, this is ${process.versions.node}.\n` +
      "With development dependencies (npm ci) the project brings its own; a production install (npm ci --omit=dev) needs it on the PATH.\n",
  );
  process.exit(1);
}
if (process.features.typescript) {
  const { run } = await import(new URL("../src/main.ts", import.meta.url).href);
  await run(process.argv);
} else {
  // An older Node.js 22 strips types only when asked to; whoever stops this process stops that one.
  const flags = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];
  const self = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [...flags, self, ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code) => process.exit(code ?? 1));
}
