/** What the API's routes ask of the Postern behind them. Whoever composes Postern hands it in. */
import type { Access } from "../../../access/admit.ts";
import type { Operators } from "../../../access/operators.ts";
import type { OwnTokens } from "../../../access/own-tokens.ts";
import type { PolicyDesk } from "../../../access/policy-desk.ts";
import type { RequestDesk } from "../../../access/request-desk.ts";
import type { SessionDesk } from "../../../access/session-desk.ts";
import type { UserDesk } from "../../../access/user-desk.ts";
import type { Observe } from "../../../base/event.ts";
import type { DatabaseName, RoleName } from "../../../base/ids.ts";

/** Somebody whose login is asked about. */
export interface Explained {
  readonly issuer: string;
  readonly subject: string;
  readonly username: string;
  readonly groups: readonly string[];
  readonly claims: { readonly [claim: string]: unknown };
}

/** A login that is asked about. */
export interface ExplainedWish {
  readonly cluster: string;
  readonly database: DatabaseName;
  readonly role?: RoleName | undefined;
  readonly replication: boolean;
  readonly address: string;
}

export interface Services {
  readonly explain: (person: Explained, wish: ExplainedWish) => ReturnType<Access["explainFor"]>;
  readonly policy: PolicyDesk;
  readonly requests: RequestDesk;
  readonly sessions: SessionDesk;
  readonly tokens: OwnTokens;
  readonly users: UserDesk;
}

export interface ApiParts {
  readonly operators: Pick<Operators, "know">;
  readonly services: Services;
  readonly observe: Observe;
}
