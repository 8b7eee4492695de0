import type { ChangeKind } from "../../../src/domain/change.ts";

/** Changes that have nothing to do with anything. */
export const FILLERS: readonly {
  readonly kind: ChangeKind;
  readonly system?: string;
  readonly service?: string;
  readonly title: string;
  readonly summary?: string;
  readonly anywhere?: true;
}[] = [
  { kind: "code", title: "Upgrade the test runner", summary: "test only", anywhere: true },
  { kind: "code", title: "Rename a private helper", summary: "no functional change", anywhere: true },
  { kind: "code", title: "Add a debug line on shutdown", summary: "logging only, 4 lines", anywhere: true },
  { kind: "config", title: "Add the new on-call alias to CODEOWNERS", summary: "owner field", anywhere: true },
  { kind: "infra", system: "argocd", title: "Sync grafana folders", summary: "dashboards only", anywhere: true },
  { kind: "flag", system: "launchdarkly", title: "New colour of the help button", summary: "css only", anywhere: true },
  { kind: "code", service: "payments", title: "Round totals to cents on receipts", summary: "17 lines" },
  { kind: "code", service: "web-frontend", title: "Lazy-load the footer" },
  { kind: "code", service: "identity", title: "Support passkeys on Android", summary: "300 lines" },
  { kind: "config", service: "web-frontend", title: "Longer session cookie", summary: "14 to 30 days" },
  { kind: "data", system: "airflow", service: "finance-reports", title: "Month-end close finished", summary: "run ok" },
  {
    kind: "data",
    system: "dbt",
    service: "marketing-mart",
    title: "dbt run of the marketing mart",
    summary: "212 models, 0 failed",
  },
  { kind: "model", system: "mlflow", service: "churn-score", title: "Register churn-score 18" },
  {
    kind: "prompt",
    system: "langfuse",
    service: "hr-helper",
    title: "Mention the new holiday policy",
    summary: "1 line",
  },
  { kind: "infra", system: "terraform", title: "Lifecycle rule for old log buckets", summary: "storage class only" },
  { kind: "infra", system: "kubernetes", title: "Bump the log shipper daemon set", summary: "2.9 to 3.0" },
  { kind: "infra", system: "argocd", service: "payments", title: "Sync payments to 7.4.1", summary: "patch release" },
  {
    kind: "flag",
    system: "launchdarkly",
    service: "mobile-app",
    title: "Roll out the new home screen",
    summary: "10 % of users",
  },
  { kind: "code", service: "docs-site", title: "Fix a broken link in the guide", summary: "docs only" },
];
