import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { answers, type Child, freePort, startChild, until } from "../process/child.ts";
import { programAt } from "./peer.ts";

/** A rule as people write them: its alert carries the signal that it is about. */
export interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly signal: string;
  readonly service: string;
  readonly severity: "critical" | "warning";
  readonly summary: string;
}

export interface MonitoringOptions {
  readonly dir: string;
  /** `host:port` of what is scraped. */
  readonly scraped: string;
  readonly rules: readonly Rule[];
  /** Where Alertmanager delivers to, with which bearer token. */
  readonly webhook: { readonly url: string; readonly token: string };
}

export interface Monitoring {
  readonly prometheus: string;
  readonly alertmanager: string;
  /** How often Alertmanager delivered successfully, and how often not. */
  deliveries(): Promise<{ readonly sent: number; readonly failed: number }>;
  /** How many alerts of these rules Prometheus holds for firing now. */
  firing(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a Prometheus that judges rules every second and an Alertmanager that groups by service and delivers. */
export async function startMonitoring({ dir, scraped, rules, webhook }: MonitoringOptions): Promise<Monitoring> {
  const [prometheusPort, alertmanagerPort] = [await freePort(), await freePort()];
  const file = (name: string, content: object) => {
    const path = join(dir, name);
    // JSON is YAML.
    writeFileSync(path, JSON.stringify(content));
    return path;
  };
  const rulesFile = file("rules.yml", { groups: [{ name: "sandbox", interval: "1s", rules: rules.map(ruleOf) }] });
  const prometheusConfig = file("prometheus.yml", {
    global: { scrape_interval: "1s", evaluation_interval: "1s", scrape_timeout: "1s" },
    scrape_configs: [{ job_name: "sandbox", static_configs: [{ targets: [scraped] }] }],
    rule_files: [rulesFile],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [`127.0.0.1:${alertmanagerPort}`] }] }] },
  });
  const alertmanagerConfig = file("alertmanager.yml", {
    route: {
      receiver: "faultline",
      group_by: ["service"],
      group_wait: "1s",
      group_interval: "2s",
      repeat_interval: "5s",
    },
    receivers: [
      {
        name: "faultline",
        webhook_configs: [
          {
            url: webhook.url,
            send_resolved: true,
            http_config: { authorization: { type: "Bearer", credentials: webhook.token } },
          },
        ],
      },
    ],
  });
  const children: Child[] = [];
  const start = (name: string, args: readonly string[]) => {
    const child = startChild({ command: programAt(name) ?? "", args, cwd: dir });
    children.push(child);
    return child;
  };
  const alertmanager = start("prometheus-alertmanager", [
    `--config.file=${alertmanagerConfig}`,
    `--storage.path=${join(dir, "alertmanager")}`,
    `--web.listen-address=127.0.0.1:${alertmanagerPort}`,
    "--cluster.listen-address=",
  ]);
  const prometheus = start("prometheus", [
    `--config.file=${prometheusConfig}`,
    `--storage.tsdb.path=${join(dir, "prometheus")}`,
    `--web.listen-address=127.0.0.1:${prometheusPort}`,
  ]);
  const urls = {
    prometheus: `http://127.0.0.1:${prometheusPort}`,
    alertmanager: `http://127.0.0.1:${alertmanagerPort}`,
  };
  const ready = { withinMs: 30_000, everyMs: 200 };
  await until("Alertmanager to be ready", () => answers(`${urls.alertmanager}/-/ready`), {
    ...ready,
    log: alertmanager.output,
  });
  await until("Prometheus to be ready", () => answers(`${urls.prometheus}/-/ready`), {
    ...ready,
    log: prometheus.output,
  });
  return {
    ...urls,
    deliveries: async () => {
      const text = await (await fetch(`${urls.alertmanager}/metrics`)).text();
      const sum = (metric: string) =>
        [...text.matchAll(new RegExp(`^${metric}\\{[^}]*integration="webhook"[^}]*\\} (\\S+)$`, "gm"))]
          .map(([, value]) => Number(value))
          .reduce((total, value) => total + value, 0);
      const failed = sum("alertmanager_notifications_failed_total");
      return { sent: sum("alertmanager_notifications_total") - failed, failed };
    },
    firing: async () => {
      const answer = (await (await fetch(`${urls.prometheus}/api/v1/alerts`)).json()) as {
        data: { alerts: { state: string }[] };
      };
      return answer.data.alerts.filter(({ state }) => state === "firing").length;
    },
    stop: async () => {
      await Promise.all(children.map((child) => child.kill("SIGKILL")));
    },
  };
}

function ruleOf({ alert, expr, signal, service, severity, summary }: Rule): object {
  return {
    alert,
    expr,
    for: "2s",
    keep_firing_for: "2s",
    labels: { service, severity, signal },
    annotations: { summary },
  };
}
