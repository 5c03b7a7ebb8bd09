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

/** Who waits for a row finds it as the one before left it, and not as it was expected. */
const BEHIND_LOCKS = { isolation: "read committed" } as const;
/** Without a store nothing is changed. */
const NOTHING_STORED = { announce: () => {}, recorded: async () => undefined };

/** What the control door's API is made of, for the configuration in force. */
export function apiOf(
  { access, config, policy, naming, operators, tokenDesk }: Parts,
  { shared, clock, observe }: Lasting,
): ApiParts {
  const { announce, recorded } = shared ?? NOTHING_STORED;
  const stored = shared && {
    shared: shared.policy,
    table: {
      put: async (...[key, written, expected, notices]: Parameters<ObjectTable["put"]>) => {
        const found =
          expected === "absent"
            ? ({ kind: "absent" } as const)
            : ({ kind: "version", resourceVersion: expected } as const);
        await shared.store.transaction(async (tx) => {
          await putPolicyObject(tx, key, written, found);
          await shared.write(tx, notices);
        }, BEHIND_LOCKS);
      },
      delete: (...[key, expected, notices]: Parameters<ObjectTable["delete"]>) =>
        shared.store.transaction(async (tx) => {
          const gone = await deletePolicyObject(tx, key, expected);
          if (gone) await shared.write(tx, notices);
          return gone;
        }, BEHIND_LOCKS),
    },
  };
  return {
    operators,
    observe,
    services: {
      explain: (person, asked) => access.explainFor(...explained(config, person, asked)),
      policy: new PolicyDesk({ policy, stored, clock, announce, recorded }),
      requests: new RequestDesk(shared?.grants, recorded),
      sessions: new SessionDesk(shared?.sessions),
      tokens: new OwnTokens(tokenDesk, recorded),
      users: new UserDesk({
        stored: shared && { table: shared.userTable, refresh: () => shared.policy.refresh() },
        naming,
        clock,
        announce,
        recorded,
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
