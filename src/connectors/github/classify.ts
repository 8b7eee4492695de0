import type { ChangeKind } from "../../domain/change.ts";
import type { Settings } from "./settings.ts";

type Rule = Settings["paths"][number];

const builtIn: readonly Rule[] = [
  ...["**/prompts/**", "**/*.prompt", "**/*.prompt.*"].map((pattern) => ({ pattern, kind: "prompt" as const })),
  ...["**/models/**", "**/adapters/**"].map((pattern) => ({ pattern, kind: "model" as const })),
  ...["**/*.tf", "**/*.tfvars", "**/terraform/**", "**/k8s/**", "**/kubernetes/**", "**/helm/**", "**/charts/**"].map(
    (pattern) => ({ pattern, kind: "infra" as const }),
  ),
  ...["**/data/**", "**/dags/**", "**/dbt/**"].map((pattern) => ({ pattern, kind: "data" as const })),
  ...["**/flags/**", "**/feature-flags/**", "**/*flags.{json,yaml,yml}"].map((pattern) => ({
    pattern,
    kind: "flag" as const,
  })),
];

/** Paths that say nothing of what a change does where others are there. */
const IDLE = ["**/*.md", "**/*.test.*", "**/test/**", "**/tests/**", "**/docs/**", "**/.github/**"];

export interface Classified {
  readonly kind: ChangeKind;
  readonly service: string | null;
}

/**
 * What a change is, by the paths that it touches: what most of them are. Where it is even, what is not code, since a
 * prompt that changes together with its code changes as a prompt.
 */
export function classify(repo: string, files: readonly string[], settings: Settings): Classified {
  const general = Object.hasOwn(settings.services, repo) ? (settings.services[repo] ?? null) : null;
  const telling = files.filter(
    (file) => ruleFor(file, settings.paths) !== undefined || !IDLE.some((pattern) => fits(pattern, file)),
  );
  const rules = (telling.length > 0 ? telling : files).map((file) => ruleFor(file, [...settings.paths, ...builtIn]));
  const counts = new Map<ChangeKind, number>();
  for (const rule of rules) counts.set(rule?.kind ?? "code", (counts.get(rule?.kind ?? "code") ?? 0) + 1);
  const ranked = [...counts].toSorted(([a, inA], [b, inB]) => inB - inA || Number(a === "code") - Number(b === "code"));
  const kind = ranked[0]?.[0] ?? "code";
  const named = rules.find((rule) => rule !== undefined && rule.kind === kind && rule.service !== undefined);
  return { kind, service: named?.service ?? general };
}

function ruleFor(file: string, rules: readonly Rule[]): Rule | undefined {
  return rules.find(({ pattern }) => fits(pattern, file));
}

/** Whether a glob fits a whole path: `**` any folders, `*` and `?` within one name, `{a,b}` either. */
function fits(pattern: string, path: string): boolean {
  const source = pattern.replace(/\*\*\/|\*\*|\*|\?|\{[^{}]*\}|[\\^$.+()[\]{}|]/g, (token) => {
    if (token === "**/") return "(?:.*/)?";
    if (token === "**") return ".*";
    if (token === "*") return "[^/]*";
    if (token === "?") return "[^/]";
    if (token.length > 1 && token.startsWith("{")) return `(?:${token.slice(1, -1).split(",").map(literal).join("|")})`;
    return `\\${token}`;
  });
  return new RegExp(`^${source}$`).test(path);
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
