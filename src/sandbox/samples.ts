import type { Sample } from "../domain/case-file.ts";
import type { Fate } from "./fate.ts";

/** Raw values of the input, feature by feature. */
export interface InputValues {
  readonly language: readonly string[];
  readonly route: readonly string[];
  readonly conversation_tokens: readonly number[];
}

const MOST = 600;

/** What the requests of the support assistant looked like, the last ones at most. */
export function inputValues(fates: readonly Fate[]): InputValues {
  const mine = fates.filter(({ service }) => service === "support-chat").slice(-MOST);
  return {
    language: mine.map(({ language }) => language),
    route: mine.map(({ route }) => route),
    conversation_tokens: mine.map(({ conversationTokens }) => conversationTokens),
  };
}

/** Two-sample data: what the assistant was launched with against what it gets now. */
export function inputSamples(reference: InputValues, current: InputValues): Sample[] {
  const service = "support-chat";
  return [
    { name: "language", service, kind: "categorical", reference: reference.language, current: current.language },
    { name: "route", service, kind: "categorical", reference: reference.route, current: current.route },
    {
      name: "conversation_tokens",
      service,
      kind: "numeric",
      reference: reference.conversation_tokens,
      current: current.conversation_tokens,
    },
  ];
}
