import type { ConfigFile } from "./config.ts";
import type { Approvers } from "./ports.ts";

/** Looks up the members of a chat's user group; throws a Fault when it cannot. */
export type GroupMembers = (group: string) => Promise<readonly string[]>;

/** Local mode: whoever sits at this machine and gives a name. The audit says that it was local. */
export const localApprovers: Approvers = {
  requesterMayApprove: false,
  mayApprove: (person, via) => Promise.resolve(person !== "faultline" && via !== "slack"),
};

/** Those whom the configuration names, by user id or by membership of a group at the moment of the click. */
export function configuredApprovers({ approvals }: ConfigFile, groupMembers: GroupMembers | null): Approvers {
  return {
    requesterMayApprove: approvals.requester_may_approve,
    mayApprove: async (person, via) => {
      if (approvals.people.includes(person)) return true;
      if (via !== "slack" || groupMembers === null) return false;
      const members = await Promise.all(approvals.groups.map(groupMembers));
      return members.some((group) => group.includes(person));
    },
  };
}
