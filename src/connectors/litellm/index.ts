import { Fault } from "../../lib/fault.ts";
import { defineConnector } from "../connector.ts";
import { checked } from "../kit/outbound.ts";
import { drainProvider, setWeight } from "./actions.ts";
import { createApi, Settings } from "./api.ts";

export const litellm = defineConnector({
  id: "litellm",
  about: "Shifts traffic between the deployments and providers of a LiteLLM proxy.",
  settings: Settings,
  sample: {
    url: "http://127.0.0.1:4000",
    admin_key: "sk-litellm-example",
    providers: { "azure-openai": "azure" },
  },
  examples: [],
  connect: (settings, deps) => {
    const api = createApi(settings, deps);
    return {
      actions: [setWeight(api), drainProvider(api, settings.providers)],
      check: async (signal) => [
        await checked("deployments", RIGHTS, async () => {
          const all = await api.deployments(signal);
          const writable = all.filter((one) => one.writable).length;
          if (all.length > 0 && writable === 0) {
            throw new Fault(
              "config",
              "all deployments come from config.yaml: LiteLLM cannot change their weights by its API",
            );
          }
          return `${all.length} deployments, ${writable} of them can be changed`;
        }),
      ],
    };
  },
});

const RIGHTS = {
  config: "run LiteLLM with a database and STORE_MODEL_IN_DB=True, and add the models there",
  unauthenticated: "the key was not accepted: use the master key or one with the role proxy_admin",
};
