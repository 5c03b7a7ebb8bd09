import { OwnTokens } from "../access/own-tokens.ts";
import type { ObjectTable } from "../access/policy-desk.ts";
import { PolicyDesk } from "../access/policy-desk.ts";
import { RequestDesk } from "../access/request-desk.ts";
import { SessionDesk } from "../access/session-desk.ts";
import { UserDesk } from "../access/user-desk.ts";
import { issuerIdentifier } from "../config/issuer-identifier.ts";
import type { Config } from "../config/schema.ts";
import type { ApiParts, Explained, ExplainedWish } from "../doors/control/api/services.ts";
import type { Bearer, Wish } from "../policy/decision.ts";
import { deletePolicyObject, putPolicyObject } from "../store/policy-objects.ts";
import type { Lasting, Parts } from "./parts.ts";

/** What the control door's API is made of, for the configuration in force. */
export function apiOf(
  { access, config, policy, naming, operators, tokenDesk }: Parts,
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
      explain: (person, asked) => access.explainFor(...explained(config, person, asked)),
      policy: new PolicyDesk({ policy, stored, clock, observe }),
      requests: new RequestDesk(shared?.grants),
      sessions: new SessionDesk(shared?.sessions),
      tokens: new OwnTokens(tokenDesk),
      users: new UserDesk({
        stored: shared && { table: shared.userTable, refresh: () => shared.policy.refresh() },
        naming,
        observe,
      }),
    },
  };
}

/** A question about somebody's login, as policy is asked. */
function explained(
  { clusters, issuers }: Config,
  person: Explained,
  { cluster: name, database, role, replication, address }: ExplainedWish,
): [Bearer, Wish] {
  const issuer = issuers.find((one) => issuerIdentifier(one) === person.issuer)?.name ?? person.issuer;
  const cluster = clusters.find((one) => one.name === name);
  const asked = { cluster, database, peer: { address, port: 0, tls: true }, replication };
  const wish: Wish =
    role === undefined ? { ...asked, door: "rest", role } : { ...asked, door: "postgres", role };
  return [{ ...person, proof: { issuer } }, wish];
}
