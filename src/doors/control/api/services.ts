/** What the API's routes ask of the Postern behind them. Whoever composes Postern hands it in. */
import type { Explanation } from "../../../access/admit.ts";
import type { Operators } from "../../../access/operators.ts";
import type { OwnTokens } from "../../../access/own-tokens.ts";
import type { PolicyDesk } from "../../../access/policy-desk.ts";
import type { RequestDesk } from "../../../access/request-desk.ts";
import type { SessionDesk } from "../../../access/session-desk.ts";
import type { UserDesk } from "../../../access/user-desk.ts";
import type { Observe } from "../../../base/event.ts";
import type { DatabaseName, RoleName } from "../../../base/ids.ts";
import type { Secret } from "../../../base/secret.ts";

/** Whose login is asked about: somebody by their names, or whoever bears a token. */
export type Explained =
  | ({ readonly kind: "person" } & ExplainedPerson)
  | { readonly kind: "token"; readonly token: Secret };

interface ExplainedPerson {
  readonly issuer: string;
  readonly subject: string;
  readonly username: string;
  readonly groups: readonly string[];
  readonly claims: { readonly [claim: string]: unknown };
}

/** A login that is asked about. */
export interface ExplainedWish {
  /** None: the one where clients go that name none. */
  readonly cluster?: string | undefined;
  readonly database: DatabaseName;
  readonly role?: RoleName | undefined;
  readonly replication: boolean;
  readonly address: string;
}

/** A decision with its working shown, and the cluster that it was about. */
type Answered = Explanation & { readonly cluster: string | undefined };

export interface Services {
  readonly explain: (who: Explained, wish: ExplainedWish) => Promise<Answered>;
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
