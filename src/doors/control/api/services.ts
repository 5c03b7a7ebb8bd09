/** What the API's routes ask of the Postern behind them. Whoever composes Postern hands it in. */
import type { Operators } from "../../../access/operators.ts";
import type { OwnTokens } from "../../../access/own-tokens.ts";
import type { PolicyDesk } from "../../../access/policy-desk.ts";
import type { RequestDesk } from "../../../access/request-desk.ts";
import type { Observe } from "../../../base/event.ts";

export interface Services {
  readonly policy: PolicyDesk;
  readonly requests: RequestDesk;
  readonly tokens: OwnTokens;
}

export interface ApiParts {
  readonly operators: Pick<Operators, "know">;
  readonly services: Services;
  readonly observe: Observe;
}
