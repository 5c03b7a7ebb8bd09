/** What a request comes down to: statements for one transaction, and what is made of their results. */
import { release } from "../../../base/memory.ts";
import type { Result } from "../../../upstream/pool/pool.ts";
import type { Catalog, IsolationLevel, Setting } from "../catalog/types.ts";
import type { Exchange, Reply } from "../http/exchange.ts";
import type { LegacyName } from "../plan/branch.ts";
import type { ReadSettings } from "../plan/context.ts";
import type { ApiRequest } from "../request/types.ts";
import type { AllowedOrigins } from "../respond/cors.ts";
import type { OpenApiSettings } from "../respond/openapi/document.ts";
import type { StatementText } from "../sql/read.ts";

/** What planning an action has at hand. */
export interface ActionContext {
  readonly request: ApiRequest;
  readonly catalog: Catalog;
  readonly settings: ActionSettings;
  readonly exchange: Exchange;
}

export interface ActionSettings extends ReadSettings {
  readonly planEnabled: boolean;
  readonly allowedOrigins: AllowedOrigins;
  readonly openApi: OpenApiSettings;
}

export interface Job {
  readonly kind: "job";
  readonly readOnly: boolean;
  /** See Transaction.brief. */
  readonly brief: boolean;
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
  /**
   * It changes something, and its answer may be larger than there is room for: the answer is read before the
   * transaction ends, so that where it is refused nothing was changed.
   */
  readonly answersFirst: boolean;
  /** Embeds that were named by their target although they have an alias. */
  readonly legacyNames: readonly LegacyName[];
  /** @throws RestError */
  reply(results: readonly Result[]): Reply | Promise<Reply>;
}

/** Gives back the memory of parameters in pieces, which were made for this job alone. */
export function dropPieces({ statements }: Job): void {
  for (const { parameters } of statements)
    for (const parameter of parameters) if (Array.isArray(parameter)) parameter.forEach(release);
}

/** A job, or an answer for which PostgreSQL need not be asked. */
export type Planned = Job | { readonly kind: "answer"; readonly reply: Reply };
