import { defineConfig } from "vitest/config";

// One project for each kind of test (docs/development.md); `npm test` runs those that need nothing but npm.
export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["src/**/*.test.ts"], exclude: ["src/console/public/**"] } },
      {
        test: {
          name: "contract",
          include: ["test/*.test.ts", "test/contract/**/*.test.ts", "test/sandbox/**/*.test.ts"],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      { test: { name: "flows", include: ["test/flows/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 60_000 } },
      {
        test: {
          name: "peers",
          include: ["test/peers/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      { test: { name: "faults", include: ["test/faults/**/*.test.ts"], testTimeout: 600_000, hookTimeout: 60_000 } },
      { test: { name: "browser", include: ["test/browser/**/*.test.ts"], testTimeout: 180_000, hookTimeout: 120_000 } },
    ],
  },
});
