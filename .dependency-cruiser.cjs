// Which room may import which (docs/architecture.md). test/architecture.test.ts runs this and fails if it saw no file.
const may = {
  domain: ["domain"],
  lib: ["lib"],
  ports: ["ports", "domain", "lib"],
  connectors: ["connectors", "ports", "domain", "lib"],
  store: ["store", "ports", "domain", "lib"],
  views: ["views", "domain"],
  flows: ["flows", "views", "ports", "domain", "lib"],
  slack: ["slack", "flows", "views", "ports", "domain", "lib"],
  console: ["console", "flows", "views", "ports", "domain", "lib"],
  http: ["http", "flows", "views", "ports", "domain", "lib"],
  sandbox: ["sandbox", "domain", "lib"],
};
const room = (name) => (name === "ports" ? "^src/(store-port|ports)\\.ts$" : `^src/${name}/`);
const layers = Object.entries(may).map(([from, to]) => ({
  name: `layer-${from}`,
  severity: "error",
  from: { path: room(from), pathNot: "\\.test\\.ts$" },
  to: { path: "^src/", pathNot: to.map(room) },
}));

const homes = {
  "@slack/": "^src/slack/",
  "@octokit/": "^src/connectors/github",
  "better-sqlite3": "^src/(store|sandbox)/",
  "pg(-boss)?$": "^src/store/",
  kysely: "^src/store/",
  fastify: "^src/(http|console|sandbox|slack|app\\.ts$)",
  echarts: "^src/views/",
  commander: "^src/main\\.ts$",
  pino: "^src/lib/log\\.ts$",
  "prom-client": "^src/(lib/metrics\\.ts$|sandbox/)",
};
const sdks = Object.entries(homes).map(([name, home]) => ({
  name: `one-home-for-${name.replace(/[^a-z0-9]/g, "")}`,
  severity: "error",
  from: { path: "^src/", pathNot: [home, "\\.test\\.ts$"] },
  to: { path: `node_modules/${name}` },
}));

module.exports = {
  forbidden: [
    ...layers,
    ...sdks,
    {
      name: "connectors-are-islands",
      severity: "error",
      from: { path: "^src/connectors/([^/.]+)(\\.ts$|/)", pathNot: "^src/connectors/(index\\.ts$|kit/)|\\.test\\.ts$" },
      to: {
        path: "^src/connectors/",
        pathNot: ["^src/connectors/$1(\\.ts$|/|-)", "^src/connectors/(connector\\.ts$|kit/)"],
      },
    },
    {
      name: "domain-is-pure",
      severity: "error",
      from: { path: "^src/domain/", pathNot: "\\.test\\.ts$" },
      to: { dependencyTypes: ["core", "npm", "npm-dev", "npm-optional", "npm-peer"], pathNot: "node_modules/zod/" },
    },
    { name: "no-cycles", severity: "error", from: { path: "^src/" }, to: { circular: true } },
    {
      name: "no-test-code-in-src",
      severity: "error",
      from: { path: "^src/", pathNot: "\\.test\\.ts$" },
      to: { path: "^test/" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
