import type { Gap } from "../evidence.ts";
import type { CaseContext } from "./case-context.ts";
import { GROUPS } from "./signature-weights.ts";
import { foundation } from "./topology.ts";

/** What was wanted and was not there, and how to have it next time. */
export function gapsOf(context: CaseContext): Gap[] {
  const { file, topology, providers, pools, movements } = context;
  const measured = new Set(movements.filter(({ points }) => points >= 4).map(({ signal }) => signal));
  const lacks = (group: string) => !(GROUPS[group] ?? []).some((signal) => measured.has(signal));
  const found: (Gap | false)[] = [
    file.series.length === 0 && {
      what: "signals of the service",
      why: "no series came",
      remedy: "connect a source of signals for this service",
    },
    topology.services.size === 0 && {
      what: "the catalogue",
      why: "no service is recorded",
      remedy: "describe the services and what they stand on in the catalogue",
    },
    providers.size > 0 &&
      lacks("provider") && {
        what: `our own errors by provider (${[...providers].join(", ")})`,
        why: "no such series came",
        remedy: "let the gateway export errors and latency by provider",
      },
    pools.size > 0 &&
      lacks("hardware") && {
        what: `hardware of ${[...pools].join(", ")}`,
        why: "no XID, ECC or node series came",
        remedy: "scrape the DCGM exporter and kube-state-metrics for these pools",
      },
    foundation(topology).some(({ datasets }) => datasets.length > 0) &&
      lacks("data") && {
        what: "freshness, nulls or drift of the data",
        why: "no such series came",
        remedy: "export the age and the drift of what the service reads",
      },
    file.logs.length === 0 && { what: "log templates", why: "none came", remedy: "connect the logs of the service" },
    file.traces.length === 0 &&
      topology.calls.size === 0 &&
      topology.services.size > 1 && {
        what: "who calls whom",
        why: "neither traces nor depends_on are there",
        remedy: "send traces or fill depends_on in the catalogue",
      },
    ...undated(context),
    ...thin(context),
  ];
  return [...file.gaps, ...found.filter((gap) => gap !== false)];
}

function undated({ file }: CaseContext): Gap[] {
  const without = file.changes.filter(({ at }) => !Number.isFinite(at));
  return without.length === 0
    ? []
    : [
        {
          what: `${without.length} changes`,
          why: "they carry no time",
          remedy: "let their source say when a change took effect",
        },
      ];
}

function thin({ movements, fired, file }: CaseContext): Gap[] {
  const unread = movements.filter(({ state }) => state === "unknown").map(({ signal }) => signal);
  const series =
    unread.length === 0
      ? []
      : [
          {
            what: [...new Set(unread)].slice(0, 5).join(", "),
            why: "too few values to compare",
            remedy: "keep a longer history or a finer step",
          },
        ];
  const silent = file.series.length > 0 && fired.length > 0 && !movements.some(({ signal }) => fired.includes(signal));
  return silent
    ? [
        ...series,
        {
          what: `the signal that fired (${fired[0] ?? ""})`,
          why: "no series of it came",
          remedy: "map the alert's metric onto the vocabulary",
        },
      ]
    : series;
}
