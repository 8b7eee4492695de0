import type { CaseFile } from "../../src/domain/case-file.ts";
import { GROUPS } from "../../src/domain/diagnosis/signature-weights.ts";
import { sliceDimensions } from "../../src/domain/signal.ts";
import { generated, recorded, scoreAll, type Told } from "./corpus.ts";
import type { Row } from "./row.ts";

const dimensions: readonly string[] = sliceDimensions;

function isSlice({ signal, labels }: CaseFile["series"][number]): boolean {
  const own =
    signal.startsWith("provider") || signal.startsWith("probe")
      ? ["provider"]
      : signal.startsWith("gpu") || signal.startsWith("node") || signal.startsWith("network")
        ? ["gpu_pool"]
        : [];
  return Object.keys(labels).some((key) => dimensions.includes(key) && !own.includes(key));
}

/** What is taken away, one at a time. */
const WITHOUT: Readonly<Record<string, (caseFile: CaseFile) => CaseFile>> = {
  nothing: (file) => file,
  slices: (file) => ({ ...file, series: file.series.filter((series) => !isSlice(series)) }),
  changes: (file) => ({ ...file, changes: [] }),
  logs: (file) => ({ ...file, logs: [] }),
  "status pages": (file) => ({ ...file, providerStatus: [], pagesAsked: null }),
  samples: (file) => ({ ...file, samples: [] }),
  catalogue: (file) => ({ ...file, catalog: { services: [] } }),
  "words of changes": (file) => ({
    ...file,
    changes: file.changes.map((change) => ({
      ...change,
      title: "",
      summary: null,
      target: change.service ?? "platform",
    })),
  }),
  ...Object.fromEntries(
    Object.entries(GROUPS).map(([group, names]) => [
      `signals: ${group}`,
      (file: CaseFile): CaseFile => ({ ...file, series: file.series.filter(({ signal }) => !names.includes(signal)) }),
    ]),
  ),
  "every second series": (file) => ({ ...file, series: file.series.filter((_, i) => i % 2 === 0) }),
  "all but the fired signal": (file) => ({ ...file, series: file.series.slice(0, 1) }),
  "all series": (file) => ({ ...file, series: [] }),
};

const NOISES = [0.5, 1, 2, 4, 8];
const MISSING = [0, 0.3, 0.6, 0.9];

/** How accuracy and confidence fall as sources are taken away one by one, as noise grows, and as telemetry goes missing. */
export function ablationBench(folder: string | null): Row[] {
  const told: Told[] = [...generated(), ...(folder === null ? [] : recorded(folder))];
  const taken = Object.entries(WITHOUT).flatMap(([name, change]) => rows(`without ${name}`, scoreAll(told, change)));
  const noisy = NOISES.flatMap((noise) => rows(`noise × ${noise}`, scoreAll(generated({ noise }))));
  const missing = MISSING.flatMap((share) =>
    rows(`${share * 100} % of optional series missing`, scoreAll(generated({ missing: share }))),
  );
  return [...taken, ...noisy, ...missing];
}

function rows(name: string, scores: ReturnType<typeof scoreAll>): Row[] {
  const of = (metric: string, value: number | null): Row => ({
    bench: "ablation",
    metric: `${name}: ${metric}`,
    value: value ?? 0,
    unit: "ratio",
  });
  return [
    of("cause", scores.causeTop1),
    of("culprit", scores.culpritTop1),
    of("confidence", scores.confidence),
    of("false accusation", scores.falseAccusation),
  ];
}
