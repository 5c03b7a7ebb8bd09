/**
 * The way of one request: admitted, parsed, planned from the catalog, run in one transaction under the role that was
 * decided on, answered. Everything that goes wrong on the way is an answer too.
 */
import { performance } from "node:perf_hooks";
import type { Credential } from "../../access/identify.ts";
import type { Abort } from "../../base/abort.ts";
import { messageOf } from "../../base/error.ts";
import type { Observe } from "../../base/event.ts";
import type { RoleName, SessionId } from "../../base/ids.ts";
import { parseRoleName } from "../../base/ids.ts";
import { Secret } from "../../base/secret.ts";
import { quoteQualified } from "../../base/sql-text.ts";
import type { RestDoorConfig } from "../../config/schema.ts";
import { PoolServerError } from "../../upstream/pool/errors.ts";
import type {
  Brief,
  Isolation,
  Pool,
  Result,
  Statement,
  Transaction,
  TransactionEnd,
} from "../../upstream/pool/pool.ts";
import type { ActionSettings, Job } from "./actions/job.ts";
import { dropPieces } from "./actions/job.ts";
import { planAction } from "./actions/plan.ts";
import type { Catalog, IsolationLevel, Setting } from "./catalog/types.ts";
import { errorReply } from "./error-reply.ts";
import { RestError } from "./errors.ts";
import type { Exchange, Reply } from "./http/exchange.ts";
import type { RequestHeaders } from "./http/headers.ts";
import type { LegacyName } from "./plan/branch.ts";
import { UNDEFINED_COLUMN } from "./plan/row-type.ts";
import { badRole, noSchemaCache, noSecret } from "./refusals.ts";
import type { RequestSettings } from "./request/request.ts";
import { parseRequest } from "./request/request.ts";
import type { ApiRequest } from "./request/types.ts";
import { preflight } from "./respond/cors.ts";
import { denialError } from "./respond/denial.ts";
import { failureOf } from "./respond/failure.ts";
import type { FinishSettings } from "./respond/finish.ts";
import { finished } from "./respond/finish.ts";
import { openApiSettings } from "./respond/openapi/document.ts";
import type { Place, RestSession, RestSessions } from "./sessions.ts";
import { Stopwatch } from "./stopwatch.ts";
import type { StandingSettings } from "./transaction-settings.ts";
import { transactionSettings } from "./transaction-settings.ts";

interface PipelineParts {
  readonly door: RestDoorConfig;
  readonly place: Place;
  readonly takesTokens: boolean;
  readonly sessions: RestSessions;
  readonly pool: Pool;
  readonly catalog: () => Catalog | undefined;
  /** Waits for the first load of the catalog to end, well or not, or for who waits to leave. */
  readonly catalogLoaded: (abort: Abort) => Promise<Catalog | undefined>;
  /** Told the SQLSTATE of every error of the server: the catalog may be out of date. */
  readonly onServerError: (sqlstate: string) => void;
  /** A request failed for another reason than an error of the server's or of its own. */
  readonly onFailure: (error: unknown) => void;
  readonly observe: Observe;
}

/** What is known of a request while it runs. */
interface Run {
  readonly exchange: Exchange;
  readonly startedAt: number;
  readonly watch: Stopwatch | undefined;
  authenticated: boolean;
  session: RestSession | undefined;
  /** The id under which the log knows the session, or the denial of one. */
  id: SessionId | undefined;
  legacyNames: readonly LegacyName[];
}

export class Pipeline {
  readonly #parts: PipelineParts;
  readonly #request: RequestSettings;
  readonly #action: ActionSettings;
  readonly #standing: StandingSettings;
  readonly #finish: FinishSettings;
  /** None or one. */
  readonly #preRequest: readonly Statement[];

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
      allowedOrigins: door.allowedOrigins,
      openApi: openApiSettings(door),
    };
    this.#standing = {
      extraSearchPath: door.extraSearchPath,
      app: Object.entries(door.appSettings).map(([name, value]) => [`app.settings.${name}`, value.reveal()]),
    };
    this.#finish = { allowedOrigins: door.allowedOrigins, traceHeader: door.traceHeader };
    this.#preRequest =
      door.preRequest === undefined ? [] : [callOf(door.preRequest, door.preparedStatements)];
  }

  /** Answers a request. Never rejects. */
  async answer(exchange: Exchange): Promise<Reply> {
    const run: Run = {
      exchange,
      startedAt: performance.now(),
      watch: this.#parts.door.serverTiming ? new Stopwatch() : undefined,
      authenticated: false,
      session: undefined,
      id: undefined,
      legacyNames: NO_NAMES,
    };
    try {
      return this.#finished(await this.#answer(run), run, undefined);
    } catch (error) {
      if (error instanceof PoolServerError) this.#parts.onServerError(error.sqlstate);
      else if (!(error instanceof RestError)) this.#parts.onFailure(error);
      // Said in the server's place. PostgREST asks it for any column, and so finds a new one without a notification.
      else if (error.code === UNDEFINED_COLUMN) this.#parts.onServerError(error.code);
      const { authenticated, session } = run;
      const { signal } = exchange;
      // Whatever else went wrong: who left is told nothing, and the log says that it left.
      const cause: unknown = signal.aborted ? signal.reason : error;
      const failure = failureOf(cause, { authenticated, ended: session?.ended });
      const detail =
        error instanceof RestError || error instanceof PoolServerError ? undefined : messageOf(error);
      const reply = errorReply(failure, this.#parts.door.clientErrorVerbosity);
      return this.#finished(reply, run, { code: failure.code, detail });
    } finally {
      run.session?.leave(exchange);
    }
  }

  #finished(
    reply: Reply,
    run: Run,
    failure: { code: string; detail: string | undefined } | undefined,
  ): Reply {
    const { exchange, id, session, watch, legacyNames, startedAt } = run;
    watch?.lap("response");
    this.#parts.observe({
      event: "request.v1",
      session: session?.admission.session.facts.id,
      door: "rest",
      peer: exchange.peer,
      method: exchange.method,
      path: pathOf(exchange.target),
      status: reply.status,
      code: failure?.code,
      detail: failure?.detail,
      durationMs: Math.round(10 * (performance.now() - startedAt)) / 10, // as people read it
      bytes: lengthOf(reply.body),
    });
    return finished(reply, exchange, this.#finish, {
      session: id,
      timings: watch?.timings,
      legacyNames,
    });
  }

  async #answer(run: Run): Promise<Reply> {
    const { exchange, watch } = run;
    const preflighted = preflight(exchange.method, exchange.headers, this.#finish.allowedOrigins);
    if (preflighted !== undefined) return preflighted;
    const session = await this.#admit(run);
    watch?.lap("jwt");
    const request = parseRequest(exchange, this.#request);
    watch?.lap("parse");
    const catalog = this.#parts.catalog() ?? (await this.#parts.catalogLoaded(exchange.signal));
    if (catalog === undefined) throw noSchemaCache();
    const planning = planAction({ request, catalog, settings: this.#action, exchange });
    const planned = planning instanceof Promise ? await planning : planning;
    watch?.lap("plan");
    if (planned.kind === "answer") return planned.reply;
    run.legacyNames = planned.legacyNames;
    const results = await this.#run(run, session, request, planned, catalog);
    watch?.lap("transaction");
    exchange.dropBody(); // the server, which has answered, has read all of it
    dropPieces(planned);
    return planned.reply(results);
  }

  async #admit(run: Run): Promise<RestSession> {
    const { exchange } = run;
    const credential = credentialOf(exchange.headers);
    run.authenticated = credential.kind === "token";
    if (run.authenticated && !this.#parts.takesTokens) throw noSecret();
    const { sessions, place } = this.#parts;
    const found = sessions.get(credential, roleAsked(exchange.headers), place, exchange.peer);
    const session = found instanceof Promise ? await found : found;
    run.id = "kind" in session ? session.id : session.admission.session.facts.id;
    if ("kind" in session) throw denialError(session, tokenOf(credential));
    if (run.authenticated) exchange.vouch(); // who may stay unknown is a stranger all the same
    session.enter(exchange);
    run.session = session;
    return session;
  }

  #logQuery({ admission }: RestSession, { statements }: Job): void {
    const session = admission.session.facts.id;
    for (const { text } of statements)
      this.#parts.observe({ event: "query.v1", session, door: "rest", sql: text });
  }

  /** Runs the job's statements in a transaction of their own, and gives their results. */
  async #run(
    { exchange, authenticated }: Run,
    session: RestSession,
    request: ApiRequest,
    job: Job,
    catalog: Catalog,
  ): Promise<readonly Result[]> {
    const { door, pool } = this.#parts;
    const role = catalog.roles.get(session.admission.role);
    const isolation = job.isolation ?? role?.isolation ?? null;
    const before = this.#preRequest;
    const main = job.statements.map((each) => ({ ...each, prepare: door.preparedStatements }));
    if (door.logQuery) this.#logQuery(session, job);
    const failed: { error?: unknown } = {};
    const results = await pool.run(
      session.admission,
      {
        readOnly: job.readOnly,
        brief: job.brief && before.length === 0 ? briefOf(authenticated) : undefined, // those may take any time
        ...(isolation === null ? {} : { isolation: poolIsolation(isolation) }),
        // The server would apply them at a login of the role, but SET ROLE does not.
        loginSettings: role?.settings ?? NO_SETTINGS,
        settings: transactionSettings(this.#standing, {
          schema: request.schema,
          method: request.method,
          path: request.path,
          headers: exchange.headers,
          claims: session.claims,
          routine: job.routineSettings,
          timezone: request.preferences.timezone,
        }),
        statements: [...before, ...main],
        end: endOf(door.txEnd, request, job, failed, before.length),
        room: exchange.room,
      },
      exchange.signal,
    );
    if ("error" in failed) throw failed.error;
    return results.slice(before.length);
  }
}

/** Without a token it may be anybody, whom the database may tell apart by their headers. */
function briefOf(authenticated: boolean): Brief {
  return authenticated ? "cleaned together" : "cleaned";
}

function pathOf(target: string): string {
  const question = target.indexOf("?");
  return question < 0 ? target : target.slice(0, question);
}

function lengthOf(body: Reply["body"]): number {
  if (body === undefined) return 0;
  return Buffer.isBuffer(body) ? body.length : body.reduce((sum, { length }) => sum + length, 0);
}

const ANONYMOUS = { kind: "anonymous" } as const;
const NO_NAMES: readonly LegacyName[] = [];
const NO_SETTINGS: readonly Setting[] = [];

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
  if (check === undefined) return job.answersFirst && end === "commit" ? () => end : end;
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

/** Made once for requests that come with the very same fields, so that sessions need not look into it again. */
const credentials = new WeakMap<RequestHeaders, Credential>();

function credentialOf(headers: RequestHeaders): Credential {
  let credential = credentials.get(headers);
  if (credential === undefined) {
    const token = bearerToken(headers.get("authorization"));
    credential = token === undefined ? ANONYMOUS : { kind: "token", token: new Secret(token) };
    credentials.set(headers, credential);
  }
  return credential;
}

/** The field by which a client chooses among the roles that are open to it. PostgREST has none. */
const ROLE_FIELD = "x-postern-role";

/** @throws RestError when the field is there and no role can be called that */
function roleAsked(headers: RequestHeaders): RoleName | undefined {
  const text = headers.get(ROLE_FIELD);
  if (text === undefined) return undefined;
  const role = parseRoleName(Buffer.from(text, "latin1").toString("utf8"));
  if (role === undefined) throw badRole();
  return role;
}

function tokenOf(credential: Credential): string | undefined {
  return credential.kind === "token" ? credential.token.reveal() : undefined;
}

/** RFC 6750 §2.1. Anything else is no credential of ours, and the request is one without. */
function bearerToken(authorization: string | undefined): string | undefined {
  return /^bearer +(.*)$/i.exec(authorization ?? "")?.[1]?.trim();
}

/** A call of a function that the configuration names, `name` or `schema.name`. */
function callOf(name: string, prepare: boolean): Statement {
  return { text: `SELECT ${quoteQualified(name)}()`, parameters: [], prepare, binary: false };
}

/** PostgreSQL has no level below read committed and treats it as that ("Transaction Isolation"). */
function poolIsolation(level: IsolationLevel): Isolation {
  return level === "read uncommitted" ? "read committed" : level;
}
