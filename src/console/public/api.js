const DEADLINE_MS = 10_000;

/** An answer that is not the wanted one; `status` 0 when none came at all. */
export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, { ...options, signal: AbortSignal.timeout(DEADLINE_MS) });
  } catch {
    throw new ApiError(0, "Faultline cannot be reached.");
  }
  return response;
}

async function json(response) {
  try {
    return await response.json();
  } catch {
    throw new ApiError(response.status, `The answer could not be read (status ${response.status}).`);
  }
}

export async function get(path) {
  const response = await ask(path);
  const body = await json(response);
  if (response.ok) return body;
  throw new ApiError(response.status, body?.error ?? `Status ${response.status}.`);
}

/** Sends, and gives the body back: of a refusal too where it says why (`ok: false`). */
export async function post(path, body = {}) {
  const headers = { "content-type": "application/json" };
  const response = await ask(path, { method: "POST", headers, body: JSON.stringify(body) });
  const answer = await json(response);
  if (response.ok || answer?.ok === false) return answer;
  throw new ApiError(response.status, answer?.error ?? `Status ${response.status}.`);
}

/** The chart as an address for an image with its words, or null while there is nothing to draw. */
export async function chart(incidentId, theme) {
  const response = await ask(`/api/incidents/${encodeURIComponent(incidentId)}/chart.svg?theme=${theme}`);
  if (!response.ok) return null;
  const svg = await response.text();
  const [, words = ""] = /<desc>([^<]*)<\/desc>/.exec(svg) ?? [];
  const alt = words.replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)));
  return { svg, alt };
}
