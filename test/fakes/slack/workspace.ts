/** A message as a channel of the fake workspace shows it. */
export interface ShownMessage {
  readonly channel: string;
  readonly ts: string;
  readonly threadTs: string | null;
  text: string;
  blocks: readonly Readonly<Record<string, unknown>>[];
  metadata: { readonly event_type: string; readonly event_payload: Readonly<Record<string, unknown>> } | null;
  /** How often it was edited. */
  edits: number;
}

/** What one person alone was shown. */
export interface Whisper {
  readonly user: string;
  readonly channel: string;
  readonly threadTs: string | null;
  readonly text: string;
  readonly blocks: readonly unknown[];
}

/** The state of the workspace. */
export class Workspace {
  readonly teamId = "T0FAKE";
  readonly appId = "A0FAKE";
  readonly botUserId = "U0BOT";
  readonly botToken = "xoxb-fake-bot";
  readonly appToken = "xapp-fake-app";
  readonly messages: ShownMessage[] = [];
  readonly whispers: Whisper[] = [];
  readonly channels = new Map([["C0INCIDENTS", { archived: false, member: true }]]);
  scopes: readonly string[] = ["chat:write", "commands", "channels:history", "groups:history", "usergroups:read"];
  readonly groups = new Map<string, readonly string[]>();
  readonly #now: () => number;
  #lastTs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Unique and growing, as `1795338720.000100`; the first ten digits are the time in seconds. */
  nextTs(): string {
    const now = this.#now() * 1000;
    this.#lastTs = Math.max(now, this.#lastTs + 100);
    return `${Math.floor(this.#lastTs / 1e6)}.${String(this.#lastTs % 1e6).padStart(6, "0")}`;
  }

  find(channel: string, ts: string): ShownMessage | null {
    return this.messages.find((message) => message.channel === channel && message.ts === ts) ?? null;
  }

  /** The newest message whose metadata names this key. */
  byKey(key: string): ShownMessage {
    const found = this.messages.findLast(({ metadata }) => metadata?.event_payload["key"] === key);
    if (found === undefined) throw new Error(`no message with key ${key} is shown`);
    return found;
  }

  roots(): ShownMessage[] {
    return this.messages.filter(({ threadTs }) => threadTs === null);
  }
}
