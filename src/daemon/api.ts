import { OwnTokens } from "../access/own-tokens.ts";
import type { ObjectTable } from "../access/policy-desk.ts";
import { PolicyDesk } from "../access/policy-desk.ts";
import { RequestDesk } from "../access/request-desk.ts";
import { SessionDesk } from "../access/session-desk.ts";
import { UserDesk } from "../access/user-desk.ts";
import { issuerIdentifier } from "../config/issuer-identifier.ts";
import type { Config } from "../config/schema.ts";
import type { ApiParts, Explained, ExplainedWish } from "../doors/control/api/services.ts";
import type { Wish } from "../policy/decision.ts";
import { deletePolicyObject, putPolicyObject } from "../store/policy-objects.ts";
import { BEHIND_LOCKS } from "../store/transaction.ts";
import { askedCluster } from "./asked-cluster.ts";
import type { Lasting, Parts } from "./parts.ts";

/** Without a store nothing is changed. */
const NOTHING_STORED = { announce: () => {}, recorded: async () => undefined };

/** What the control door's API is made of, for the configuration in force. */
export function apiOf(parts: Parts, { shared, clock, observe }: Lasting): ApiParts {
  const { policy, naming, operators, tokenDesk } = parts;
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
      explain: (who, asked) => explain(parts, who, asked),
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

/** What is decided about a login, by the same path as at every door. */
async function explain({ access, config }: Parts, who: Explained, asked: ExplainedWish) {
  const wish = wishOf(config, asked);
  const explanation =
    who.kind === "token"
      ? await access.explain(who, wish)
      : access.explainFor({ ...who, proof: { issuer: issuerName(config, who.issuer) } }, wish);
  return { ...explanation, cluster: wish.cluster?.name };
}

function wishOf(config: Config, { cluster: name, role, address, ...place }: ExplainedWish): Wish {
  const asked = { ...place, cluster: askedCluster(config, name), peer: { address, port: 0, tls: true } };
  return role === undefined ? { ...asked, door: "rest", role } : { ...asked, door: "postgres", role };
}

function issuerName({ issuers }: Config, identifier: string): string {
  return issuers.find((one) => issuerIdentifier(one) === identifier)?.name ?? identifier;
}
