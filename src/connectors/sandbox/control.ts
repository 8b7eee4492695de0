import { z } from "zod";
import type { Json } from "../../domain/json.ts";
import { Fault } from "../../lib/fault.ts";
import type { HttpAnswer, HttpClient } from "../../lib/http.ts";
import { answerOf, below } from "../kit/outbound.ts";
import { SeriesAnswer } from "./telemetry.ts";

const WHO = "the sandbox";
const State = z.record(z.string(), z.json());
export type State = Readonly<Record<string, Json>>;

/** The sandbox's control API. */
export interface Control {
  readonly get: (path: string, signal: AbortSignal) => Promise<State>;
  /** @returns what the sandbox answered. @throws Fault */
  readonly write: (request: Write) => Promise<string>;
  /** Was anything done under this key? */
  readonly isDone: (key: string, signal: AbortSignal) => Promise<"yes" | "no">;
  /** The latest value of each series. */
  readonly latest: (signal: AbortSignal) => Promise<Latest>;
}

export interface Write {
  readonly method: "PUT" | "POST";
  readonly path: string;
  readonly body: State;
  readonly key: string;
  readonly signal: AbortSignal;
}

/** The last value of a series, or null where there is none. */
export type Latest = (signal: string, labels: Readonly<Record<string, string>>) => number | null;

const LOOK_BACK_MS = 5_000;

export function controlOf(client: HttpClient, base: string, now: () => number): Control {
  const state = (answer: HttpAnswer): State => answerOf(answer, State, WHO) as State;
  return {
    get: async (path, signal) => state(await client.send(below(base, path), { signal })),
    write: async ({ method, path, body, key, signal }) => {
      const answer = await client.send(below(base, path), {
        method,
        json: body,
        headers: { "idempotency-key": key },
        signal,
      });
      return `the sandbox answered ${answer.status}`;
    },
    isDone: async (key, signal) => {
      try {
        await client.send(below(base, `/api/journal/${encodeURIComponent(key)}`), { signal });
        return "yes";
      } catch (error) {
        if (error instanceof Fault && error.kind === "not_found") return "no";
        throw error;
      }
    },
    latest: async (signal) => {
      const window = `from=${now() - LOOK_BACK_MS}&to=${now() + LOOK_BACK_MS}`;
      const answer = await client.send(below(base, `/api/series?${window}`), { signal });
      const { series } = answerOf(answer, SeriesAnswer, WHO);
      return (name, labels) => {
        const found = series.find((one) => one.signal === name && same(one.labels, labels));
        return found?.values.findLast((value) => value !== null) ?? null;
      };
    },
  };
}

function same(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
