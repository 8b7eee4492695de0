import type { Labels } from "../domain/json.ts";

/** A name of the vocabulary with its labels, as one text: `signal|key=value,…` */
export type SeriesKey = string;

export function seriesKey(signal: string, labels: Labels): SeriesKey {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return `${signal}|${pairs.join(",")}`;
}

export function parseKey(key: SeriesKey): { signal: string; labels: Labels } {
  const [signal = "", rest = ""] = key.split("|");
  const pairs = rest.split(",").filter(Boolean);
  return {
    signal,
    labels: Object.fromEntries(
      pairs.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
    ),
  };
}
