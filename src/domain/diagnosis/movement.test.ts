import { describe, expect, test } from "vitest";
import type { Series } from "../case-file.ts";
import { DAY, MINUTE } from "../time.ts";
import { movementOf } from "./movement.ts";

const asOf = Date.parse("2026-03-10T12:00:00Z");

function series(part: Partial<Series> & { readonly values: Series["values"] }): Series {
  const stepMs = part.stepMs ?? MINUTE;
  return {
    signal: "error_ratio",
    labels: { service: "chat" },
    start: asOf - (part.values.length - 1) * stepMs,
    stepMs,
    ...part,
  };
}

function wobble(i: number): number {
  return Math.sin(i * 12.9898) * 0.5 + Math.sin(i * 78.233) * 0.3;
}

describe("a movement", () => {
  test("of an error ratio upwards is harmful and dated to the minute", () => {
    const values = Array.from({ length: 200 }, (_, i) => (i < 190 ? 0.004 : 0.2) + wobble(i) * 0.0005);
    const moved = movementOf(series({ values }), asOf);
    expect(moved).toMatchObject({ state: "up", harmful: true, shape: "step" });
    expect(moved.onset?.at).toBe(asOf - 9 * MINUTE);
  });

  test("in the good direction is not harmful, and of an unknown metric nobody can say", () => {
    const values = Array.from({ length: 200 }, (_, i) => (i < 150 ? 4 : 2) + wobble(i) * 0.05);
    expect(movementOf(series({ signal: "latency_p95", values }), asOf)).toMatchObject({
      state: "down",
      harmful: false,
    });
    expect(movementOf(series({ signal: "my_metric", values }), asOf)).toMatchObject({ state: "down", harmful: null });
  });

  test("is judged by steps, not by minutes: at two seconds it is found just as well", () => {
    const values = Array.from({ length: 400 }, (_, i) => (i < 392 ? 1 : 2.5) + wobble(i) * 0.05);
    expect(movementOf(series({ signal: "latency_p95", stepMs: 2000, values }), asOf)).toMatchObject({
      state: "up",
      harmful: true,
    });
  });

  test("that every day brings at this hour is the rhythm, not a movement", () => {
    const step = 10 * MINUTE;
    const values = Array.from({ length: 4 * 144 }, (_, i) => {
      const hour = ((asOf - (4 * 144 - 1 - i) * step) % DAY) / (DAY / 24);
      return 2 + (hour >= 11.5 && hour < 13 ? 1 : 0) + wobble(i) * 0.04;
    });
    expect(movementOf(series({ signal: "latency_p95", stepMs: step, values }), asOf).state).toBe("flat");
  });

  test("looks at nothing later than it was asked", () => {
    const values = Array.from({ length: 200 }, (_, i) => (i < 150 ? 0.004 : 0.5) + wobble(i) * 0.0005);
    expect(movementOf(series({ values }), asOf - 60 * MINUTE).state).toBe("flat");
  });

  test("knows a slice that came up late and one that went silent", () => {
    const came = Array.from({ length: 200 }, (_, i) => (i < 150 ? null : 0.7));
    expect(movementOf(series({ values: came }), asOf).appearedAt).toBe(asOf - 49 * MINUTE);
    const went = Array.from({ length: 200 }, (_, i) => (i < 150 ? 0.7 : null));
    expect(movementOf(series({ values: went }), asOf).vanishedAt).not.toBeNull();
  });

  test("names the provider for its own signals and the service for the others", () => {
    const labels = { service: "chat", provider: "openai", region: "eu" };
    const values = [1, 1, 1, 1, 1];
    expect(movementOf(series({ signal: "provider_error_ratio", labels, values }), asOf)).toMatchObject({
      entity: { kind: "provider", name: "openai" },
      slice: { region: "eu" },
    });
    expect(movementOf(series({ labels, values }), asOf)).toMatchObject({
      entity: { kind: "service", name: "chat" },
      slice: { provider: "openai", region: "eu" },
    });
  });
});
