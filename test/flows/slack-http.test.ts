import { type FastifyInstance, fastify } from "fastify";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { SlackDoor } from "../../src/slack/app.ts";
import { signedHeaders } from "../fakes/slack/people.ts";
import { createSlackWorld, type SlackWorld } from "./slack-world.ts";

let world: SlackWorld;
let app: FastifyInstance;
let url: string;

beforeAll(async () => {
  world = await createSlackWorld("http", async (door: SlackDoor) => {
    app = fastify({ bodyLimit: 100_000 });
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
    await door.routes?.(app);
    url = `${await app.listen({ host: "127.0.0.1", port: 0 })}/slack/events`;
    return { url, close: () => app.close() };
  });
});

afterAll(() => world.close());

const command = new URLSearchParams({
  command: "/faultline",
  text: "help",
  team_id: "T0FAKE",
  user_id: "U0ANN",
  trigger_id: "t1",
  response_url: "http://127.0.0.1:9/nobody",
}).toString();

async function send(body: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  const response = await fetch(url, { method: "POST", body, headers });
  return { status: response.status, text: await response.text() };
}

const now = () => Math.floor(Date.now() / 1000);
const signed = (body: string, at?: number) => signedHeaders(world.slack.signingSecret, body, at);

describe("a request to /slack/events", () => {
  it("is taken when it is signed, and up to five minutes later", async () => {
    expect((await send(command, signed(command))).status).toBe(200);
    expect((await send(command, signed(command, now() - 290))).status).toBe(200);
  });

  it("is taken with a charset in its content type", async () => {
    const headers = { ...signed(command), "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
    expect((await send(command, headers)).status).toBe(200);
  });

  it.each([
    ["with a signature of another secret", () => signedHeaders("another secret", command)],
    ["with the signature of another body", () => signed(`${command}x`)],
    ["with another version of signature", () => ({ ...signed(command), "x-slack-signature": "v1=00" })],
    ["older than five minutes", () => signed(command, now() - 320)],
    ["from the future", () => signed(command, now() + 3_600)],
    ["with a timestamp that is no number", () => ({ ...signed(command), "x-slack-request-timestamp": "soon" })],
    ["without a signature", () => ({ "content-type": "application/x-www-form-urlencoded" })],
  ])("is refused %s", async (_how, headers) => {
    const before = await world.deps.store.audit(0, 1_000);
    const { status } = await send(command, headers());
    expect(status).toBe(401);
    expect(await world.deps.store.audit(0, 1_000)).toEqual(before);
  });

  it("answers Slack's check of the address, and its check of the certificate", async () => {
    const challenge = JSON.stringify({ type: "url_verification", challenge: "c1" });
    const json = { ...signed(challenge), "content-type": "application/json" };
    expect(await send(challenge, json)).toMatchObject({ status: 200, text: expect.stringContaining("c1") });
    const check = "ssl_check=1&token=x";
    expect((await send(check, { "content-type": "application/x-www-form-urlencoded" })).status).toBe(200);
  });

  it("is refused when it is malformed or too large", async () => {
    const broken = "payload=%7Bnot json";
    expect((await send(broken, signed(broken))).status).toBe(400);
    const large = `payload=${"x".repeat(200_000)}`;
    expect((await send(large, signed(large))).status).toBe(413);
  });
});
