/**
 * The way of one request: admitted, parsed, planned from the catalog, run in one transaction under the role that was
 * decided on, answered. Everything that goes wrong on the way is an answer too.
 */
import { Secret } from "../../base/secret.ts";
import type { RestDoorConfig } from "../../config/schema.ts";
import type {
  Isolation,
  Pool,
  Result,
  Statement,
  Transaction,
  TransactionEnd,
} from "../../upstream/pool/pool.ts";
import type { ActionSettings, Job } from "./actions/job.ts";
import { planJob } from "./actions/plan.ts";
import type { Catalog, IsolationLevel, RoleSettings } from "./catalog/types.ts";
import { errorReply } from "./error-reply.ts";
import type { Exchange, Reply } from "./http/exchange.ts";
import { noSchemaCache } from "./refusals.ts";
import type { RequestSettings } from "./request/request.ts";
import { parseRequest } from "./request/request.ts";
import type { ApiRequest } from "./request/types.ts";
import { denialError } from "./respond/denial.ts";
import { failureOf } from "./respond/failure.ts";
import type { Place, RestSession, RestSessions } from "./sessions.ts";
import type { StandingSettings } from "./transaction-settings.ts";
import { transactionSettings } from "./transaction-settings.ts";

interface PipelineParts {
  readonly door: RestDoorConfig;
  readonly place: Place;
  readonly sessions: RestSessions;
  readonly pool: Pool;
  readonly catalog: () => Catalog | undefined;
  /** Waits for the first load of the catalog to end, well or not. */
  readonly catalogLoaded: () => Promise<Catalog | undefined>;
}

/** What is known of a request while it runs. */
interface Run {
  readonly abort: AbortController;
  authenticated: boolean;
  session: RestSession | undefined;
}

export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #request: RequestSettings;
  readonly #action: ActionSettings;
  readonly #standing: StandingSettings;
  readonly #preRequest: Statement | undefined;

  constructor(parts: PipelineParts) {
    const { door } = parts;
    this.#parts = parts;
    this.#request = {
      schemas: door.schemas,
      rootRoutine: door.rootSpec,
      described: door.openapi.mode !== "disabled",
      clientEndsTransactions: door.txEnd.endsWith("allow-override"),
    };
    this.#action = {
      aggregatesEnabled: door.aggregatesEnabled,
      maxRows: door.maxRows ?? null,
      legacyTargetNames: door.legacyTargetNames,
      planEnabled: door.planEnabled,
    };
    this.#standing = {
      extraSearchPath: door.extraSearchPath,
      app: Object.entries(door.appSettings).map(([name, value]) => [`app.settings.${name}`, value.reveal()]),
    };
    this.#preRequest =
      door.preRequest === undefined ? undefined : this.#statement(callText(door.preRequest), []);
  }

  /** Answers a request. Never rejects. */
  async answer(exchange: Exchange): Promise<Reply> {
    const run: Run = { abort: new AbortController(), authenticated: false, session: undefined };
    const gone = () => run.abort.abort("client-gone");
    exchange.signal.addEventListener("abort", gone);
    try {
      return await this.#answer(exchange, run);
    } catch (error) {
      const { authenticated, session } = run;
      const failure = failureOf(error, { authenticated, ended: session?.ended });
      return errorReply(failure, this.#parts.door.clientErrorVerbosity);
    } finally {
      exchange.signal.removeEventListener("abort", gone);
      run.session?.leave(run.abort);
    }
  }

  async #answer(exchange: Exchange, run: Run): Promise<Reply> {
    const session = await this.#admit(exchange, run);
    const request = parseRequest(exchange, this.#request);
    const catalog = this.#parts.catalog() ?? (await this.#parts.catalogLoaded());
    if (catalog === undefined) throw noSchemaCache();
    const planned = planJob({ request, catalog, settings: this.#action }, exchange);
    const job = planned instanceof Promise ? await planned : planned;
    const { role } = session.admission;
    const transaction = this.#transaction(exchange, request, job, session, catalog.roles.get(role));
    const failed: { error?: unknown } = {};
    const end = endOf(this.#parts.door.txEnd, request, job, failed, transaction.skip);
    const results = await this.#parts.pool.run(
      session.admission,
      { ...transaction.parts, end },
      run.abort.signal,
    );
    if ("error" in failed) throw failed.error;
    return job.reply(results.slice(transaction.skip));
  }

  async #admit(exchange: Exchange, run: Run): Promise<RestSession> {
    const token = bearerToken(exchange.headers.get("authorization"));
    run.authenticated = token !== undefined;
    const credential =
      token === undefined
        ? ({ kind: "anonymous" } as const)
        : ({ kind: "token", token: new Secret(token) } as const);
    const found = this.#parts.sessions.get(credential, this.#parts.place, exchange.peer);
    const session = found instanceof Promise ? await found : found;
    if ("kind" in session) throw denialError(session);
    exchange.vouch();
    session.enter(run.abort);
    run.session = session;
    return session;
  }

  #transaction(
    exchange: Exchange,
    request: ApiRequest,
    job: Job,
    session: RestSession,
    role: RoleSettings | undefined,
  ): { readonly parts: Omit<Transaction, "end">; readonly skip: number } {
    const isolation = job.isolation ?? role?.isolation ?? null;
    const before = this.#preRequest === undefined ? [] : [this.#preRequest];
    const parts = {
      readOnly: job.readOnly,
      ...(isolation === null ? {} : { isolation: poolIsolation(isolation) }),
      settings: transactionSettings(this.#standing, {
        schema: request.schema,
        method: request.method,
        path: request.path,
        headers: exchange.headers,
        claims: session.claims,
        role: role?.settings ?? [],
        routine: job.routineSettings,
        timezone: request.preferences.timezone,
      }),
      statements: [
        ...before,
        ...job.statements.map(({ text, parameters, binary }) => ({
          ...this.#statement(text, parameters),
          binary,
        })),
      ],
    };
    return { parts, skip: before.length };
  }

  #statement(text: string, parameters: Statement["parameters"]): Statement {
    return { text, parameters, prepare: this.#parts.door.preparedStatements, binary: false };
  }
}

/** How the transaction ends: as configured, as the client may choose, and never with a change that must not be. */
function endOf(
  configured: RestDoorConfig["txEnd"],
  { preferences }: ApiRequest,
  job: Job,
  failed: { error?: unknown },
  skip: number,
): Transaction["end"] {
  const usual: TransactionEnd = configured.startsWith("rollback") ? "rollback" : "commit";
  const end = preferences.tx ?? usual; // it was parsed only where the client may choose
  const { check } = job;
  if (check === undefined) return end;
  return (results: readonly Result[]) => {
    try {
      check(results.slice(skip));
      return end;
    } catch (error) {
      failed.error = error;
      return "rollback";
    }
  };
}

/** RFC 6750 §2.1. Anything else is no credential of ours, and the request is one without. */
function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +(.*)$/i.exec(authorization ?? "")?.[1]?.trim();
}

/** `name` or `schema.name` of the configuration, quoted. */
function callText(name: string): string {
  const quoted = name.split(".").map((part) => `"${part.replaceAll('"', '""')}"`);
  return `SELECT ${quoted.join(".")}()`;
}

/** PostgreSQL has no level below read committed and treats it as that ("Transaction Isolation"). */
function poolIsolation(level: IsolationLevel): Isolation {
  return level === "read uncommitted" ? "read committed" : level;
}
