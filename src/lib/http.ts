import {
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleWhen,
  type IPolicy,
  retry,
  wrap,
} from "cockatiel";
import { Fault, type FaultKind } from "./fault.ts";

/** A request to another system. Bodies are JSON unless `text` is given. */
export interface HttpRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  /** For this request instead of the client's own, in milliseconds. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** Statuses outside 2xx that are an answer too, such as 304 to a conditional request. */
  readonly allow?: readonly number[];
}

/** What came back with a 2xx status (or one that was allowed); the body is read and its size was bounded. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** @throws Fault "unavailable" when the body is not JSON */
  json(): unknown;
}

export interface HttpClient {
  /**
   * Sends one request. Reads (GET) are tried again on faults that may pass; writes never are.
   *
   * @throws Fault for every status outside 2xx, for a network error, a timeout, and a body over the limit
   */
  send(url: string | URL, request?: HttpRequest): Promise<HttpAnswer>;
}

export interface HttpOptions {
  /** Who is asked, for messages. */
  readonly name: string;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  readonly fetch?: typeof fetch;
  readonly attempts?: number;
}

const KINDS: Readonly<Record<number, FaultKind>> = {
  400: "invalid",
  401: "unauthenticated",
  403: "forbidden",
  404: "not_found",
  408: "timeout",
  409: "conflict",
  412: "conflict",
  413: "too_large",
  422: "invalid",
  429: "rate_limited",
  504: "timeout",
};

/**
 * The one way out of the program: deadlines, a bound on the size of answers, retries with jitter for reads, and a
 * circuit breaker for each client (opens after five failures in a row, half-open after ten seconds).
 */
export function createHttp(options: HttpOptions): HttpClient {
  const { name, timeoutMs = 10_000, maxBytes = 16 * 1024 * 1024, attempts = 3 } = options;
  const transient = handleWhen((error) => error instanceof Fault && error.retryable);
  const breaker = circuitBreaker(transient, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) });
  const again = retry(transient, {
    maxAttempts: attempts - 1,
    backoff: new ExponentialBackoff({ initialDelay: 150, maxDelay: 3_000 }),
  });
  const readPolicy = wrap(again, breaker);
  const once = async (url: string | URL, request: HttpRequest): Promise<HttpAnswer> => {
    const deadline = AbortSignal.timeout(request.timeoutMs ?? timeoutMs);
    const signal = request.signal ? AbortSignal.any([deadline, request.signal]) : deadline;
    const send = options.fetch ?? fetch;
    let response: Response;
    let text: string;
    try {
      response = await send(url, { ...bodyOf(request), method: request.method ?? "GET", redirect: "error", signal });
      text = await boundedText(response, maxBytes, name);
    } catch (error) {
      throw faultOf(error, name, deadline.aborted);
    }
    if (!response.ok && !request.allow?.includes(response.status)) throw refusal(response, text, name);
    return { status: response.status, headers: response.headers, text, json: () => parse(text, name) };
  };
  return {
    send: (url, request = {}) => {
      const policy: IPolicy = (request.method ?? "GET") === "GET" ? readPolicy : breaker;
      return policy
        .execute(() => once(url, request))
        .catch((error: unknown) => {
          throw error instanceof Fault ? error : faultOf(error, name, false);
        });
    },
  };
}

function bodyOf(request: HttpRequest): { headers: Record<string, string>; body?: string } {
  const headers: Record<string, string> = { accept: "application/json", "user-agent": "faultline", ...request.headers };
  if (request.json !== undefined) {
    return { headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(request.json) };
  }
  if (request.form === undefined) return { headers };
  const body = new URLSearchParams(request.form).toString();
  return { headers: { "content-type": "application/x-www-form-urlencoded", ...headers }, body };
}

async function boundedText(response: Response, maxBytes: number, name: string): Promise<string> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new Fault("too_large", `${name} answered with more than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function refusal(response: Response, text: string, name: string): Fault {
  const kind = KINDS[response.status] ?? (response.status >= 500 ? "unavailable" : "invalid");
  const seconds = Number(response.headers.get("retry-after"));
  const limited = response.status === 403 && response.headers.get("x-ratelimit-remaining") === "0";
  const said = text.replace(/\s+/g, " ").slice(0, 200);
  return new Fault(limited ? "rate_limited" : kind, `${name} answered ${response.status}${said ? `: ${said}` : ""}`, {
    retryAfterMs: Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined,
  });
}

function faultOf(error: unknown, name: string, timedOut: boolean): Fault {
  if (error instanceof Fault) return error;
  if (timedOut) return new Fault("timeout", `${name} did not answer in time`, { cause: error });
  return new Fault("unavailable", `${name} could not be reached`, { cause: error });
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Fault("unavailable", `${name} answered with something that is not JSON`, { cause: error });
  }
}
