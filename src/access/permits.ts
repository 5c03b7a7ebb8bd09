import type { User } from "../policy/rbac/attributes.ts";
import { authorize } from "../policy/rbac/authorize.ts";
import { POSTERN_GROUP } from "../policy/rbac/objects.ts";
import { ADMINISTRATOR } from "./naming.ts";
import type { Act } from "./operator.ts";
import type { PolicyInForce } from "./policy-in-force.ts";

interface Asking {
  readonly policy: PolicyInForce;
  readonly user: User;
  readonly act: Act;
  /** Where the user is; unknown where somebody else asks about them. */
  readonly address: string | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Whether somebody may operate Postern in this way. The administrator may do everything; the others, what policy says. */
export function permits({ policy, user, act, address, now }: Asking): boolean {
  if (user === ADMINISTRATOR) return true;
  const { apiGroup = POSTERN_GROUP, ...asked } = act;
  return authorize(policy.sure, { user, apiGroup, ...asked, peer: address }, now).kind === "allow";
}
