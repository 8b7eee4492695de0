import { alertmanager } from "./alertmanager.ts";
import type { Connector } from "./connector.ts";
import { generic } from "./generic/index.ts";
import { github } from "./github/index.ts";
import { grafana } from "./grafana.ts";
import { haproxy } from "./haproxy/index.ts";
import { http } from "./http/index.ts";
import { langfuse } from "./langfuse/index.ts";
import { litellm } from "./litellm/index.ts";
import { prometheus } from "./prometheus/index.ts";
import { sandbox } from "./sandbox/index.ts";
import { statuspage } from "./statuspage.ts";

/** Every connector there is; `test/contract/connectors.test.ts` runs over this list and compares it with the folder. */
// biome-ignore format: one line each.
export const connectors: readonly Connector[] = [
  alertmanager,
  generic,
  grafana,
  prometheus,
  statuspage,
  langfuse,
  github,
  haproxy,
  http,
  litellm,
  sandbox,
];
