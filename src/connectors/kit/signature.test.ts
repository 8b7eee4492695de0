import { describe, expect, test } from "vitest";
import { Fault } from "../../lib/fault.ts";
import { Secret } from "../../lib/secret.ts";
import { hmacSha256, requireBasic, requireBearer, requireFresh, requireHmac, requireTimedHmac } from "./signature.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);
const request = (body: string, headers: Record<string, string> = {}) => ({ body: utf8(body), headers });

function faultOf(run: () => void): Fault {
  try {
    run();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("published and computed vectors", () => {
  test.each([
    [
      "GitHub's own",
      "It's a Secret to Everybody",
      ["Hello, World!"],
      "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    ],
    [
      "plain SHA-256",
      "topsecret",
      ['{"a":1,"b":"x"}'],
      "f0d17a56f6854c5959d77b210378bbaf7aa4e5c40f165bb1e185147f77bc1f20",
    ],
    [
      "Grafana without a time",
      "s3cret",
      ['{"status":"firing"}'],
      "043737fa7d4b65306416549b14537adb753ed11a55b3fb6f50fec5192bbd3851",
    ],
    [
      "Grafana with a time",
      "s3cret",
      ["1760000000:", '{"status":"firing"}'],
      "8086fa0f172ca4d6e9a7aeacff687c318dbd2a59212a7efcc0f70ca1a5a95f92",
    ],
    [
      "Langfuse, documentation",
      "s3cret",
      ["1760000000.", '{"status":"firing"}'],
      "1cb4e12235a2444d3283b806defe3d30d68bdbab61a5fd7185cfe9b2e22ee864",
    ],
    [
      "Langfuse, source",
      "topsecret",
      ["1700000000.", '{"a":1,"b":"x"}'],
      "bf267daad5ed916afe03e2eb78ca43a92df36267f528caed0a8db17638788663",
    ],
  ])("%s", (_name, secret, parts, expected) => {
    expect(hmacSha256(new Secret(secret), ...parts)).toBe(expected);
  });
});

describe("a signature over time and body", () => {
  const secret = new Secret("topsecret");
  const now = 1_700_000_000_000;
  const hex = "bf267daad5ed916afe03e2eb78ca43a92df36267f528caed0a8db17638788663";
  const signed = (header: string) => request('{"a":1,"b":"x"}', { "x-sig": header });

  test.each(["v1", "s"])("is taken under the name %s", (name) => {
    expect(() => requireTimedHmac(signed(`t=1700000000,${name}=${hex}`), "X-Sig", secret, now)).not.toThrow();
  });

  test("is taken when any of several values fits, as while a secret is rotated", () => {
    expect(() => requireTimedHmac(signed(`t=1700000000,v1=00,v1=${hex}`), "X-Sig", secret, now)).not.toThrow();
  });

  test.each([
    ["another body", request('{"a":2}', { "x-sig": `t=1700000000,v1=${hex}` }), now],
    ["another time", signed(`t=1700000001,v1=${hex}`), now],
    ["an old delivery that is sent again", signed(`t=1700000000,v1=${hex}`), now + 5 * 60_000 + 1],
    ["a time that lies ahead", signed(`t=1700000000,v1=${hex}`), now - 5 * 60_000 - 1],
    ["no header", request('{"a":1,"b":"x"}'), now],
    ["no time", signed(`v1=${hex}`), now],
    ["no value", signed("t=1700000000"), now],
    ["a value that is empty", signed("t=1700000000,v1="), now],
    ["nonsense", signed("====,,,t=abc"), now],
  ])("is refused: %s", (_name, delivery, at) => {
    expect(faultOf(() => requireTimedHmac(delivery, "X-Sig", secret, at)).kind).toBe("unauthenticated");
  });
});

describe("tokens and logins", () => {
  test("a bearer token is compared whole", () => {
    const token = new Secret("abcdefgh");
    expect(() => requireBearer(request("", { authorization: "bearer abcdefgh" }), token)).not.toThrow();
    for (const authorization of ["Bearer abcdefg", "Bearer abcdefghi", "Bearer", "Basic abcdefgh", ""])
      expect(faultOf(() => requireBearer(request("", { authorization }), token)).kind).toBe("unauthenticated");
  });

  test("a login is compared whole, and its password may hold a colon", () => {
    const login = { username: "am", password: new Secret("pass:word") };
    const of = (text: string) => request("", { authorization: `Basic ${Buffer.from(text).toString("base64")}` });
    expect(() => requireBasic(of("am:pass:word"), login)).not.toThrow();
    expect(faultOf(() => requireBasic(of("am:pass"), login)).kind).toBe("unauthenticated");
    expect(faultOf(() => requireBasic(request(""), login)).kind).toBe("unauthenticated");
  });

  test("a signature of the body alone is compared whatever the case of its letters", () => {
    const secret = new Secret("s3cret");
    const hex = "043737fa7d4b65306416549b14537adb753ed11a55b3fb6f50fec5192bbd3851";
    const of = (value: string) => request('{"status":"firing"}', { "x-sig": value });
    expect(() => requireHmac(of(hex.toUpperCase()), "X-Sig", secret, [])).not.toThrow();
    expect(faultOf(() => requireHmac(of(hex.slice(1)), "X-Sig", secret, [])).kind).toBe("unauthenticated");
  });

  test("a time that is no number is refused, not taken for now", () => {
    expect(faultOf(() => requireFresh("", 0, "X-Time")).kind).toBe("unauthenticated");
    expect(faultOf(() => requireFresh("NaN", 0, "X-Time")).kind).toBe("unauthenticated");
  });
});
