import { accessSync, constants, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const PEERS = fileURLToPath(new URL("../.peers", import.meta.url));
const INSTALL = "test/peers/install.sh";

/** A file of what `test/peers/install.sh` put beside the tests. */
export function installed(path: string): string {
  return join(PEERS, path);
}

/** Path of a program by its name on the PATH (or in Debian's sbin), or by its path; null where it is not there. */
export function programAt(name: string): string | null {
  if (name.includes("/")) return existsSync(name) ? name : null;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin"];
  return folders.map((folder) => join(folder, name)).find(isExecutable) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Tests that need these programs. Where one is missing they are skipped with the reason; with CI=true that is a
 * failure.
 */
export function withPeers(title: string, programs: readonly string[], tests: () => void): void {
  const missing = programs.filter((name) => programAt(name) === null);
  if (missing.length === 0) {
    describe(title, tests);
    return;
  }
  const because = `${missing.join(", ")} not found; run ${INSTALL}`;
  if (process.env["CI"] === "true") {
    describe(title, () => {
      it("has what it needs, since in CI nothing is skipped", () => expect.fail(because));
    });
    return;
  }
  console.log(`skipped: ${title}: ${because}`);
  describe.skip(title, tests);
}

/** A directory that is removed by `remove`. */
export function scratch(name: string): { readonly dir: string; readonly remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), `faultline-${name}-`));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}
