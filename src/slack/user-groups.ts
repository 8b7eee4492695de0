import type { WebClient } from "@slack/web-api";
import { z } from "zod";
import { faultOf } from "./faults.ts";

const Members = z.object({ users: z.array(z.string()) });

/**
 * Who is in a user group now. Not cached: somebody who was taken out of the group may not approve a moment later.
 *
 * @throws Fault when Slack does not say; the click is then refused
 */
export async function membersOf(group: string, looking: WebClient): Promise<readonly string[]> {
  try {
    return Members.parse(await looking.usergroups.users.list({ usergroup: group })).users;
  } catch (error) {
    throw faultOf(error, `list the members of user group ${group}`);
  }
}
