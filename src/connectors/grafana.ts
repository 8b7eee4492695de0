import { z } from "zod";
import type { Alert } from "../domain/alert.ts";
import type { Check, InboundRequest, Webhook } from "../ports.ts";
import { type ConnectorDeps, defineConnector, SecretText } from "./connector.ts";
import { readBody } from "./kit/inbound.ts";
import { answerOf, BaseUrl, below, checked } from "./kit/outbound.ts";
import { alertFrom, PrometheusAlert } from "./kit/prometheus-alert.ts";
import { basicOf, hmacSha256, requireBasic, requireBearer, requireFresh, requireHmac } from "./kit/signature.ts";

const Settings = z
  .strictObject({
    /** The contact point's HMAC secret. */
    secret: SecretText.optional(),
    /** As in the contact point, where it was renamed there. */
    signature_header: z.string().min(1).default("X-Grafana-Alerting-Signature"),
    /** As in the contact point; without it, an old delivery that is sent again cannot be told. */
    timestamp_header: z.string().min(1).optional(),
    /** Or the credentials of its Authorization header. */
    token: SecretText.optional(),
    /** Or its basic authentication. */
    basic: z.strictObject({ username: z.string().min(1), password: SecretText }).optional(),
    /** Which signal an alert is about, by alert name, where no label `signal` says it. */
    signals: z.record(z.string(), z.string()).default({}),
    /** Address of Grafana, for `faultline doctor` alone. */
    url: BaseUrl.optional(),
  })
  .refine(({ secret, token, basic }) => [secret, token, basic].filter((way) => way !== undefined).length <= 1, {
    message: "set one of secret, token and basic, not several",
  });
type Settings = z.output<typeof Settings>;

/** Webhook contact point (grafana/alerting receivers/webhook/v1/webhook.go). Alertmanager's own body has no `orgId`. */
const Body = z.object({
  version: z.literal("1", { error: 'expected the string "1" (a Grafana webhook contact point)' }),
  orgId: z.number(),
  truncatedAlerts: z.number().default(0),
  alerts: z.array(
    PrometheusAlert.extend({
      dashboardURL: z.string().default(""),
      panelURL: z.string().default(""),
      valueString: z.string().default(""),
    }),
  ),
});

const group = {
  receiver: "faultline",
  status: "firing",
  version: "1",
  groupKey: '{}:{alertname="Cost spike"}',
  truncatedAlerts: 0,
  orgId: 1,
  title: "[FIRING:1] Cost spike",
  state: "alerting",
  message: "**Firing**",
  externalURL: "https://grafana.example.org/",
  groupLabels: { alertname: "Cost spike" },
  commonLabels: { alertname: "Cost spike" },
  commonAnnotations: {},
};

const costSpike = {
  status: "firing",
  labels: { alertname: "Cost spike", service: "support-chat", severity: "warning", grafana_folder: "LLM" },
  annotations: { summary: "hourly spend doubled" },
  startsAt: "2026-11-20T02:10:00Z",
  endsAt: "0001-01-01T00:00:00Z",
  generatorURL: "https://grafana.example.org/alerting/grafana/ab12/view",
  fingerprint: "3b1f7f0c2d9a5e44",
  panelURL: "https://grafana.example.org/d/xyz?viewPanel=4",
  values: { B: 41.7, C: 1 },
  valueString: "[ var='B' labels={service=support-chat} value=41.7 ]",
};

const headers = { "content-type": "application/json", "user-agent": "Grafana" };

export const grafana = defineConnector({
  id: "grafana",
  about: "Takes alerts from Grafana (webhook contact point).",
  settings: Settings,
  sample: {
    secret: "grafana-example-secret",
    timestamp_header: "X-Grafana-Alerting-Timestamp",
    signals: { "Cost spike": "cost_per_hour" },
    url: "http://127.0.0.1:3000",
  },
  sign,
  examples: [
    {
      name: "an alert that begins to fire",
      headers,
      body: { ...group, alerts: [costSpike] },
      parsed: {
        alerts: [
          {
            source: "grafana",
            fingerprint: "3b1f7f0c2d9a5e44",
            status: "firing",
            title: "hourly spend doubled",
            severity: "warning",
            service: "support-chat",
            signal: "cost_per_hour",
            startsAt: Date.UTC(2026, 10, 20, 2, 10),
            endsAt: null,
          },
        ],
      },
    },
    {
      name: "a rule that found no data",
      headers,
      body: {
        ...group,
        alerts: [
          {
            ...costSpike,
            values: null,
            labels: { alertname: "DatasourceNoData", rulename: "Cost spike", service: "support-chat" },
          },
        ],
      },
      parsed: {
        alerts: [
          {
            title: "No data for the rule Cost spike",
            signal: null,
            service: "support-chat",
            summary: "hourly spend doubled",
          },
        ],
      },
    },
  ],
  connect: (settings, deps) => ({
    webhook: webhookOf(settings, deps),
    check: (signal) => check(settings, deps, signal),
  }),
});

function sign(body: string, settings: Settings, now: number): Record<string, string> {
  const { secret, token, basic, signature_header, timestamp_header } = settings;
  if (token !== undefined) return { authorization: `Bearer ${token.reveal()}` };
  if (basic !== undefined) return { authorization: `Basic ${basicOf(basic)}` };
  if (secret === undefined) return {};
  const name = signature_header.toLowerCase();
  if (timestamp_header === undefined) return { [name]: hmacSha256(secret, body) };
  const seconds = String(Math.floor(now / 1000));
  return { [timestamp_header.toLowerCase()]: seconds, [name]: hmacSha256(secret, `${seconds}:`, body) };
}

function verify(request: InboundRequest, settings: Settings, now: number): void {
  const { secret, token, basic, signature_header, timestamp_header } = settings;
  if (token !== undefined) requireBearer(request, token);
  if (basic !== undefined) requireBasic(request, basic);
  if (secret === undefined) return;
  const seconds = timestamp_header === undefined ? null : (request.headers[timestamp_header.toLowerCase()] ?? "");
  requireHmac(request, signature_header, secret, seconds === null ? [] : [`${seconds}:`]);
  if (seconds !== null) requireFresh(seconds, now, timestamp_header ?? "");
}

function isSigned({ secret, token, basic }: Settings): boolean {
  return secret !== undefined || token !== undefined || basic !== undefined;
}

function webhookOf(settings: Settings, { log }: ConnectorDeps): Webhook {
  return {
    signed: isSigned(settings),
    verify: (request, now) => verify(request, settings, now),
    deliveryId: () => null,
    parse: (request) => {
      const { alerts, truncatedAlerts } = readBody(request, Body, "a Grafana webhook of version 1");
      if (truncatedAlerts > 0) log.warn("grafana cut its list of alerts off", { truncatedAlerts });
      return { alerts: alerts.map((alert) => normalised(alert, settings.signals)), changes: [] };
    },
  };
}

const MEASUREMENT: ReadonlyMap<string, string> = new Map([
  ["DatasourceNoData", "No data for the rule"],
  ["DatasourceError", "The query failed for the rule"],
]);

/** A rule that could not measure says nothing of its signal: such an alert keeps its own nature. */
function normalised(alert: z.output<typeof Body>["alerts"][number], signals: Settings["signals"]): Alert {
  const normal = alertFrom(alert, "grafana", signals);
  const summary = normal.summary || alert.valueString;
  const failed = MEASUREMENT.get(alert.labels["alertname"] ?? "");
  if (failed === undefined) return { ...normal, summary };
  const rule = alert.labels["rulename"] ?? "";
  return { ...normal, title: `${failed} ${rule}`.trim(), summary: normal.title, signal: null };
}

const Health = z.object({ version: z.string().optional(), database: z.string().optional() });

async function check(settings: Settings, { http }: ConnectorDeps, signal: AbortSignal): Promise<Check[]> {
  const signed = isSigned(settings);
  const deliveries = {
    name: "deliveries",
    ok: signed,
    detail: signed ? "deliveries must be signed or carry the credentials" : "deliveries are taken from anybody",
    remedy: signed ? "" : "set connectors.grafana.secret, and the same HMAC secret in the contact point",
  };
  const { url } = settings;
  if (url === undefined) return [deliveries];
  const client = http({ name: "Grafana" });
  const reach = await checked("reachable", {}, async () => {
    const { version, database } = answerOf(await client.send(below(url, "/api/health"), { signal }), Health, "Grafana");
    return `Grafana ${version ?? "of unknown version"}, database ${database ?? "not told"}`;
  });
  return [deliveries, reach];
}
