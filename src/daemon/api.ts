import { OwnTokens } from "../access/own-tokens.ts";
import type { ObjectTable } from "../access/policy-desk.ts";
import { PolicyDesk } from "../access/policy-desk.ts";
import { RequestDesk } from "../access/request-desk.ts";
import type { ApiParts } from "../doors/control/api/services.ts";
import { deletePolicyObject, putPolicyObject } from "../store/policy-objects.ts";
import type { Lasting, Parts } from "./parts.ts";

/** What the control door's API is made of, for the configuration in force. */
export function apiOf(
  { policy, operators, tokenDesk }: Parts,
  { shared, clock, observe }: Lasting,
): ApiParts {
  const stored = shared && {
    shared: shared.policy,
    table: {
      put: async (...[key, written, expected]: Parameters<ObjectTable["put"]>) => {
        const found =
          expected === "absent"
            ? ({ kind: "absent" } as const)
            : ({ kind: "version", resourceVersion: expected } as const);
        await putPolicyObject(shared.store, key, written, found);
      },
      delete: (...[key, expected]: Parameters<ObjectTable["delete"]>) =>
        deletePolicyObject(shared.store, key, expected),
    },
  };
  return {
    operators,
    observe,
    services: {
      policy: new PolicyDesk({ policy, stored, clock, observe }),
      requests: new RequestDesk(shared?.grants),
      tokens: new OwnTokens(tokenDesk),
    },
  };
}
