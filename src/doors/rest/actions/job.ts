/** What a request comes down to: statements for one transaction, and what is made of their results. */
import type { Result } from "../../../upstream/pool/pool.ts";
import type { Catalog, IsolationLevel, Setting } from "../catalog/types.ts";
import type { Reply } from "../http/exchange.ts";
import type { ReadSettings } from "../plan/context.ts";
import type { ApiRequest } from "../request/types.ts";
import type { StatementText } from "../sql/read.ts";

/** What planning an action has at hand. */
export interface ActionContext {
  readonly request: ApiRequest;
  readonly catalog: Catalog;
  readonly settings: ActionSettings;
}

export interface ActionSettings extends ReadSettings {
  readonly planEnabled: boolean;
}

export interface Job {
  readonly readOnly: boolean;
  /** Of the function that is called; it goes before the role's. */
  readonly isolation: IsolationLevel | null;
  /** Of the function that is called, for the whole transaction. */
  readonly routineSettings: readonly Setting[];
  readonly statements: readonly StatementText[];
  /**
   * Looks at the results before the transaction ends: a change that must not be is taken back.
   * @throws RestError
   */
  readonly check: ((results: readonly Result[]) => void) | undefined;
  /** @throws RestError */
  reply(results: readonly Result[]): Reply;
}
