import { kept } from "./memory.js";
import { current } from "./state.js";

const LONGEST = 80;

/** Who decides: the person of the credentials; else the name that was given here once; else nobody yet. */
export function me() {
  return current().server?.person ?? kept.get("name") ?? "";
}

/** Is the name the server's to say? */
export function isKnown() {
  return (current().server?.person ?? null) !== null;
}

export function remember(name) {
  const clean = name.replace(/\s+/g, " ").trim().slice(0, LONGEST);
  if (!isKnown()) kept.set("name", clean);
  return clean;
}
