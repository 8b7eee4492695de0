import { z } from "zod";
import type { Webhook } from "../ports.ts";
import { type ConnectorDeps, defineConnector, SecretText } from "./connector.ts";
import { readBody } from "./kit/inbound.ts";
import { answerOf, BaseUrl, below, checked } from "./kit/outbound.ts";
import { alertFrom, PrometheusAlert } from "./kit/prometheus-alert.ts";
import { basicOf, requireBasic, requireBearer } from "./kit/signature.ts";

const Settings = z
  .strictObject({
    /** Sent by Alertmanager as `http_config.authorization.credentials`. */
    token: SecretText.optional(),
    /** Or `http_config.basic_auth`. */
    basic: z.strictObject({ username: z.string().min(1), password: SecretText }).optional(),
    /** Which signal an alert is about, by alert name, where no label `signal` says it. */
    signals: z.record(z.string(), z.string()).default({}),
    /** Address of the Alertmanager, for `faultline doctor` alone. */
    url: BaseUrl.optional(),
  })
  .refine(({ token, basic }) => token === undefined || basic === undefined, {
    message: "set either token or basic, not both",
  });
type Settings = z.output<typeof Settings>;

/** Webhook body, version "4" (prometheus/alertmanager notify/webhook/webhook.go). */
const Body = z.object({
  version: z.literal("4", { error: 'expected the string "4" (an Alertmanager webhook)' }),
  truncatedAlerts: z.number().default(0),
  alerts: z.array(PrometheusAlert),
});

const group = {
  headers: { "content-type": "application/json", "user-agent": "Alertmanager/0.34.0" },
  body: {
    version: "4",
    groupKey: '{}:{alertname="TtftHigh"}',
    truncatedAlerts: 0,
    status: "firing",
    receiver: "faultline",
    groupLabels: { alertname: "TtftHigh" },
    commonLabels: { alertname: "TtftHigh", service: "support-chat", severity: "critical" },
    commonAnnotations: { summary: "p95 time to first token above 4 s" },
    externalURL: "https://alertmanager.example.org",
  },
};

const firing = {
  status: "firing",
  labels: { alertname: "TtftHigh", service: "support-chat", severity: "critical", model_version: "v12" },
  annotations: { summary: "p95 time to first token above 4 s", description: "4.6 s over five minutes" },
  startsAt: "2026-11-20T02:03:11.482Z",
  endsAt: "0001-01-01T00:00:00Z",
  generatorURL: "https://prometheus.example.org/graph?g0.expr=up",
  fingerprint: "9f3c2b7a10d4e865",
};

export const alertmanager = defineConnector({
  id: "alertmanager",
  about: "Takes alerts from Prometheus Alertmanager (webhook version 4).",
  settings: Settings,
  sample: {
    token: "alertmanager-example-token",
    signals: { TtftHigh: "ttft_p95" },
    url: "http://127.0.0.1:9093",
  },
  sign: (_body, { token, basic }): Record<string, string> => {
    if (token !== undefined) return { authorization: `Bearer ${token.reveal()}` };
    return basic === undefined ? {} : { authorization: `Basic ${basicOf(basic)}` };
  },
  examples: [
    {
      name: "an alert that begins to fire",
      headers: group.headers,
      body: { ...group.body, alerts: [firing] },
      parsed: {
        alerts: [
          {
            source: "alertmanager",
            fingerprint: "9f3c2b7a10d4e865",
            status: "firing",
            title: "p95 time to first token above 4 s",
            summary: "4.6 s over five minutes",
            severity: "critical",
            service: "support-chat",
            signal: "ttft_p95",
            startsAt: Date.UTC(2026, 10, 20, 2, 3, 11, 482),
            endsAt: null,
            url: "https://prometheus.example.org/graph?g0.expr=up",
          },
        ],
      },
    },
    {
      name: "a group in which one alert is over and one goes on",
      headers: group.headers,
      body: {
        ...group.body,
        alerts: [
          { ...firing, status: "resolved", endsAt: "2026-11-20T02:33:11.482Z" },
          { ...firing, labels: { alertname: "ErrorsHigh", signal: "error_ratio" }, fingerprint: "11aa22bb33cc44dd" },
        ],
      },
      parsed: {
        alerts: [
          { status: "resolved", endsAt: Date.UTC(2026, 10, 20, 2, 33, 11, 482) },
          { status: "firing", signal: "error_ratio", service: null, severity: "unknown" },
        ],
      },
    },
  ],
  connect: (settings, deps) => ({
    webhook: webhookOf(settings, deps),
    check: (signal) => check(settings, deps, signal),
  }),
});

function webhookOf({ token, basic, signals }: Settings, { log }: ConnectorDeps): Webhook {
  return {
    signed: token !== undefined || basic !== undefined,
    verify: (request) => {
      if (token !== undefined) requireBearer(request, token);
      if (basic !== undefined) requireBasic(request, basic);
    },
    deliveryId: () => null,
    parse: (request) => {
      const { alerts, truncatedAlerts } = readBody(request, Body, "an Alertmanager webhook of version 4");
      if (truncatedAlerts > 0) log.warn("alertmanager cut its list of alerts off", { truncatedAlerts });
      return { alerts: alerts.map((alert) => alertFrom(alert, "alertmanager", signals)), changes: [] };
    },
  };
}

const Status = z.object({ versionInfo: z.object({ version: z.string() }) });

async function check({ url, token, basic }: Settings, { http }: ConnectorDeps, signal: AbortSignal) {
  const signed = token !== undefined || basic !== undefined;
  const deliveries = {
    name: "deliveries",
    ok: signed,
    detail: signed ? "deliveries must carry the credentials" : "deliveries are taken from anybody",
    remedy: signed ? "" : "set connectors.alertmanager.token, and http_config.authorization in Alertmanager",
  };
  if (url === undefined) return [deliveries];
  const client = http({ name: "Alertmanager" });
  const reach = await checked("reachable", {}, async () => {
    const answer = await client.send(below(url, "/api/v2/status"), { signal });
    return `Alertmanager ${answerOf(answer, Status, "Alertmanager").versionInfo.version}`;
  });
  return [deliveries, reach];
}
