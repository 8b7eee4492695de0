import { Catalog } from "../domain/catalog.ts";

/** What stands on what in the sandbox. */
export const catalog: Catalog = Catalog.parse({
  services: [
    {
      name: "support-chat",
      kind: "rag_app",
      owner: "#team-support",
      models: ["support-llm", "support-adapter"],
      prompts: ["support-chat/system"],
      providers: ["northwind", "acme-ai"],
      gpu_pools: ["gpu-a"],
      datasets: ["help-centre"],
      depends_on: ["retrieval", "llm-pool"],
    },
    {
      name: "llm-pool",
      kind: "serving",
      owner: "#team-platform",
      models: ["support-llm", "support-adapter"],
      gpu_pools: ["gpu-a"],
    },
    { name: "retrieval", kind: "serving", owner: "#team-search", datasets: ["help-centre"] },
    {
      name: "ticket-summary",
      kind: "llm_app",
      owner: "#team-support",
      models: ["summary-llm"],
      prompts: ["ticket-summary/system"],
      providers: ["northwind"],
    },
    {
      name: "lead-writer",
      kind: "llm_app",
      owner: "#team-sales",
      prompts: ["lead-writer/system"],
      providers: ["acme-ai"],
      datasets: ["product-sheets"],
    },
  ],
});
