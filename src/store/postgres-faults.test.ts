import { describe, expect, it } from "vitest";
import { Fault } from "../lib/fault.ts";
import { Secret } from "../lib/secret.ts";
import { whatFailed } from "./postgres-faults.ts";

const url = new Secret("postgres://ada:hunter2@db.example:5432/faultline");

function failure(message: string, code?: string): Error {
  return Object.assign(new Error(message), code === undefined ? {} : { code });
}

describe("what PostgreSQL refuses", () => {
  it.each([
    [
      "no server",
      failure("connect ECONNREFUSED", "ECONNREFUSED"),
      "unavailable",
      /db\.example:5432\/faultline cannot be reached \(ECONNREFUSED\): start it/,
    ],
    ["a silent server", failure("Query read timeout"), "unavailable", /cannot be reached \(no answer\)/],
    ["a lost connection", failure("Connection terminated unexpectedly"), "unavailable", /cannot be reached/],
    [
      "a shutdown",
      failure("terminating connection due to administrator command", "57P01"),
      "unavailable",
      /refused \(57P01\)/,
    ],
    ["a full disk", failure("could not extend file", "53100"), "unavailable", /refused \(53100\)/],
    ["a deadlock that did not pass", failure("deadlock detected", "40P01"), "unavailable", /refused/],
    ["a closed pool", failure("Cannot use a pool after calling end on the pool"), "unavailable", /is closed/],
    [
      "a wrong password",
      failure('password authentication failed for user "ada"', "28P01"),
      "config",
      /check the user and the password/,
    ],
    ["no such database", failure('database "faultline" does not exist', "3D000"), "config", /create it/],
    ["a lack of rights", failure("permission denied for schema public", "42501"), "config", /grant it CREATE/],
  ])("is told apart: %s", (_what, error, kind, message) => {
    const fault = whatFailed(error, url);
    expect(fault).toMatchObject({ kind, message: expect.stringMatching(message) });
    expect(String(fault)).not.toContain("hunter2");
    expect(String(fault)).not.toContain("ada:");
  });

  it("leaves defects and faults as they are", () => {
    const defect = failure("duplicate key value", "23505");
    const known = new Fault("config", "known");
    expect(whatFailed(defect, url)).toBe(defect);
    expect(whatFailed(known, url)).toBe(known);
    expect(whatFailed("text", url)).toBe("text");
  });

  it("names no login even where the address is not one", () => {
    const fault = whatFailed(failure("connect ENOENT", "ENOTFOUND"), new Secret("hunter2 at somewhere"));
    expect(String(fault)).toContain("the configured address");
    expect(String(fault)).not.toContain("hunter2");
  });
});
