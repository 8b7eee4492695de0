import { z } from "zod";
import { Fault } from "../../lib/fault.ts";
import type { HttpAnswer, HttpClient, HttpRequest } from "../../lib/http.ts";
import type { Secret } from "../../lib/secret.ts";
import type { Check } from "../../ports.ts";
import { issuesOf } from "./inbound.ts";

/** The base address of a system, http or https. */
export const BaseUrl = z.url({ protocol: /^https?$/, message: "expected an address such as https://host.example.org" });

/** An address below the base, whose own path is kept. */
export function below(base: string, path: string): string {
  return `${base.replace(/\/+$/, "")}${path}`;
}

/** @throws Fault "unavailable" when the answer has not the form that the system documents */
export function answerOf<S extends z.ZodType>(answer: HttpAnswer, schema: S, who: string): z.output<S> {
  const parsed = schema.safeParse(answer.json());
  if (parsed.success) return parsed.data;
  throw new Fault("unavailable", `${who} answered in an unexpected form: ${issuesOf(parsed.error)}`);
}

/** A client whose faults cannot carry these secrets, should the other side echo them. */
export function scrubbed(http: HttpClient, secrets: readonly (Secret | string | undefined)[]): HttpClient {
  const values = secrets.flatMap((secret) =>
    secret === undefined ? [] : [typeof secret === "string" ? secret : secret.reveal()],
  );
  return {
    send: async (url: string | URL, request?: HttpRequest) => {
      try {
        return await http.send(url, request);
      } catch (error) {
        if (!(error instanceof Fault) || !values.some((value) => error.message.includes(value))) throw error;
        const message = values.reduce((text, value) => text.replaceAll(value, "***"), error.message);
        throw new Fault(error.kind, message, { retryAfterMs: error.retryAfterMs });
      }
    },
  };
}

/** What to look at for each kind of fault, with the connector's own words where it has better ones. */
export type Remedies = Partial<Record<Fault["kind"], string>>;

/** Runs one question of `check`: never throws; a fault becomes a line with its remedy. */
export async function checked(name: string, remedies: Remedies, ask: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await ask(), remedy: "" };
  } catch (error) {
    if (!(error instanceof Fault)) return { name, ok: false, detail: "an unforeseen error", remedy: "report this" };
    return { name, ok: false, detail: error.message, remedy: remedies[error.kind] ?? REMEDIES[error.kind] };
  }
}

const REMEDIES: Readonly<Record<Fault["kind"], string>> = {
  config: "correct the settings named",
  invalid: "the request was not understood: check the address and the version of the system",
  unauthenticated: "the credentials were not accepted: renew them and set them in the configuration",
  forbidden: "the credentials lack a right: see the page of this connector in docs/connectors",
  not_found: "nothing is at this address: check the address and its path",
  conflict: "try again",
  too_large: "the answer was too large: check that the address is that of the API",
  rate_limited: "too many requests: wait, or ask for a higher limit",
  unavailable: "is it running, and reachable from here under the address in the settings?",
  timeout: "it did not answer in time: is it reachable from here, and not overloaded?",
};
