import type { RepeatClass } from "./action.ts";

/**
 * What may be done with a step whose outcome is not known, given whether the system says that the wanted state is so
 * now. Nothing that could happen twice is repeated by the program.
 */
export function nextAfterUnknown(
  isSo: "yes" | "no" | "unknown",
  repeat: RepeatClass,
): "succeeded" | "repeat" | "person" {
  if (isSo === "yes") return "succeeded";
  switch (repeat) {
    case "idempotent_set":
      return isSo === "no" ? "repeat" : "person";
    case "keyed":
      return "repeat";
    case "detectable":
      return isSo === "no" ? "repeat" : "person";
    case "at_most_once":
      return "person";
  }
}
