import { z } from "zod";
import { type Alert, serviceOf, severityOf } from "../../domain/alert.ts";
import { Labels } from "../../domain/json.ts";
import { digestOf } from "../../lib/digest.ts";
import { Instant, linkOf, MaybeInstant } from "./inbound.ts";

/** The alert that Alertmanager and all that copied it send (prometheus/alertmanager template/template.go). */
export const PrometheusAlert = z.object({
  status: z.enum(["firing", "resolved"]),
  labels: Labels,
  annotations: Labels.default({}),
  startsAt: Instant,
  endsAt: MaybeInstant,
  generatorURL: z.string().default(""),
  fingerprint: z.string().default(""),
});
type PrometheusAlert = z.output<typeof PrometheusAlert>;

/** @param signals which signal an alert is about, by alert name, where no label `signal` says it */
export function alertFrom(alert: PrometheusAlert, source: string, signals: Readonly<Record<string, string>>): Alert {
  const { status, labels, annotations, startsAt, endsAt, generatorURL, fingerprint } = alert;
  const name = labels["alertname"] ?? "";
  return {
    source,
    fingerprint: fingerprint || digestOf(labels).slice(0, 16),
    status,
    title: annotations["summary"] || annotations["title"] || name || "an alert without a name",
    summary: annotations["description"] || annotations["message"] || "",
    severity: severityOf(labels["severity"] || labels["priority"]),
    service: serviceOf(labels),
    signal: labels["signal"] || (Object.hasOwn(signals, name) ? signals[name] : null) || null,
    labels,
    annotations,
    startsAt,
    endsAt: status === "resolved" ? endsAt : null,
    url: linkOf(generatorURL),
  };
}
