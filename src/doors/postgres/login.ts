import type { Admission } from "../../access/admission.ts";
import type { Clock } from "../../base/clock.ts";
import type { ErrorSpec } from "../../base/error.ts";
import { messageOf, PosternError } from "../../base/error.ts";
import type { Observe, Peer } from "../../base/event.ts";
import type { SessionId } from "../../base/ids.ts";
import { newSessionId, parseRoleName } from "../../base/ids.ts";
import type { SpanAttributes, Spans } from "../../base/spans.ts";
import {
  authenticationOk,
  backendKeyData,
  errorResponse,
  negotiateProtocolVersion,
  readyForQueryIdle,
} from "../../protocol/server-messages.ts";
import type { StartupPacket } from "../../protocol/startup.ts";
import type { SentStatement } from "../../protocol/statements.ts";
import { Statements } from "../../protocol/statements.ts";
import { UpstreamRefused } from "../../upstream/errors.ts";
import type { UpstreamSession } from "../../upstream/upstream.ts";
import type { Wire } from "../../wire/wire.ts";
import type { Presented } from "./authenticate.ts";
import { askOauth, askPassword } from "./authenticate.ts";
import type { CancelKeys } from "./cancel-keys.ts";
import type { DoorSettings, StatementsAudit } from "./door.ts";
import { WireError } from "./errors.ts";
import type { Greeting } from "./greeting.ts";
import { greet } from "./greeting.ts";
import { Inbox } from "./inbox.ts";
import type { Asked } from "./parameters.ts";
import { readParameters } from "./parameters.ts";
import { plainTextAllowed } from "./plain-text.ts";
import { route } from "./route.ts";
import { WireSession } from "./session.ts";

/** What every login of a door works with. */
export interface LoginParts {
  readonly clock: Clock;
  readonly observe: Observe;
  readonly spans: Spans;
  readonly keys: CancelKeys;
  readonly cancelElsewhere: (processId: number, key: Uint8Array) => Promise<boolean>;
  /** The settings of this moment: a reload in the middle of a login must not be slept through. */
  readonly inForce: () => DoorSettings;
  readonly onSession: (session: WireSession) => void;
  readonly onSessionClosed: (session: WireSession) => void;
}

/** The newest minor version of protocol 3 that is spoken. */
const NEWEST_MINOR = 2;

/** One connection from its first byte to its session, as a straight pipeline; one deadline for all of it. */
export class Login {
  readonly #id: SessionId = newSessionId();
  readonly #address: string;
  readonly #port: number;
  readonly #settings: DoorSettings;
  readonly #parts: LoginParts;
  readonly #startedAt: number;
  readonly #abort = new AbortController();
  readonly #wire: Wire;
  readonly #inbox: Inbox;
  readonly #closed: Promise<void>;
  #close = () => {};
  #begun = false;
  #tls = false;
  #answered = false;
  #callOffHangUp = () => {};

  constructor(wire: Wire, address: string, settings: DoorSettings, parts: LoginParts) {
    this.#wire = wire;
    this.#inbox = new Inbox(wire, () => this.#gone());
    this.#address = address;
    this.#port = wire.remotePort;
    this.#settings = settings;
    this.#parts = parts;
    this.#startedAt = parts.clock.now();
    this.#closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  /**
   * Runs the login to its end: resolves when there is a session, or when the connection of one that was refused is
   * closed, since until then it costs what it costs. Never rejects.
   */
  async run(): Promise<void> {
    const { clock, spans } = this.#parts;
    const callOff = clock.after(this.#settings.limits.handshakeTimeout, () => this.#timeOut());
    try {
      await spans.step("postern.login", (note) => this.#login(note));
    } catch (error) {
      this.#refuse(error);
    } finally {
      callOff();
    }
    if (!this.#begun) await this.#closed;
  }

  /** Gives the login up: the gateway is shutting down. */
  abandon(): void {
    this.#refuse(new WireError("wire/draining", "the gateway is shutting down"));
    this.#abort.abort(GONE);
  }

  #gone(): void {
    this.#abort.abort(GONE);
    this.#callOffHangUp();
    this.#close();
  }

  async #login(note: (attributes: SpanAttributes) => void): Promise<void> {
    note({ "postern.session": this.#id, "postern.door": "postgres", "client.address": this.#address });
    const { door, limits, certificate } = this.#settings;
    const greeting = await greet({
      wire: this.#wire,
      inbox: this.#inbox,
      settings: { context: certificate?.context, startupPacket: limits.startupPacket },
    });
    const { packet } = greeting;
    this.#tls = greeting.tls;
    if (!greeting.tls && !plainTextAllowed(door.plainText, this.#address, packet.kind)) {
      throw new WireError("wire/plain-text", `plain text from ${this.#address}`);
    }
    if (packet.kind === "cancel") return this.#cancel(packet.processId, packet.key);
    const minor = this.#negotiate(packet);
    const asked = readParameters(packet.parameters);
    const presented = await this.#ask(asked);
    // From here on what counts is in force now, and not when the client came: it may have waited for a reload to pass.
    const settings = this.#parts.inForce();
    const admission = await this.#admit(greeting, asked, presented, settings);
    note({ "postern.cluster": admission.cluster.name, "db.namespace": admission.database });
    try {
      const upstream = await this.#parts.spans.step("postern.upstream", () =>
        settings.upstream.open(admission, asked.forward, this.#abort.signal),
      );
      this.#begin(admission, upstream, minor);
    } catch (error) {
      admission.session.close();
      throw error;
    }
  }

  /**
   * The connection stays open until the server was told: its end is what libpq and others wait for before they send
   * the next query, which a cancel that is still on its way would hit.
   */
  async #cancel(processId: number, key: Buffer): Promise<void> {
    const { keys, cancelElsewhere, observe } = this.#parts;
    const told = keys.cancel(processId, key);
    const matched = told !== undefined || (await cancelElsewhere(processId, key));
    observe({ event: "cancel.v1", peer: this.#peer(), matched });
    await told;
    this.#answered = true;
    this.#hangUp();
  }

  /** Settles the minor version, and names the protocol options that are not known (NegotiateProtocolVersion). */
  #negotiate({ major, minor, protocolOptions }: StartupPacket): number {
    if (major !== 3) throw new WireError("wire/version", `protocol ${major}.${minor}`);
    if (minor <= NEWEST_MINOR && protocolOptions.length === 0) return minor;
    const settled = Math.min(minor, NEWEST_MINOR);
    this.#wire.write(negotiateProtocolVersion(settled, protocolOptions));
    return settled;
  }

  #ask(asked: Asked): Promise<Presented> {
    const { door, limits } = this.#settings;
    const asking = { wire: this.#wire, inbox: this.#inbox, limit: limits.passwordMessage };
    const how = asked.authentication ?? door.authentication;
    return how === "oauthbearer" ? askOauth(asking, door.oauth) : askPassword(asking);
  }

  async #admit(
    greeting: Greeting,
    asked: Asked,
    presented: Presented,
    { door, clusters, access }: DoorSettings,
  ): Promise<Admission> {
    const { cluster, database } = route(clusters, door.defaultCluster, greeting.serverName, asked.database);
    const role = parseRoleName(asked.user);
    if (role === undefined) throw new WireError("wire/startup", "a user name that is longer than 63 bytes");
    const peer = this.#peer();
    const wish = { cluster, database, role, door: "postgres", peer, replication: asked.replication } as const;
    const outcome = await access.admit({ kind: "token", token: presented.token }, wish, this.#id);
    if (outcome.kind === "admitted") return outcome.admission;
    await presented.refuse();
    this.#say(outcome.spec);
    throw new Answered(outcome.code);
  }

  /** From here on the connection is a session. */
  #begin(admission: Admission, upstream: UpstreamSession, minor: number): void {
    const { clock, observe, keys, onSession, onSessionClosed } = this.#parts;
    this.#begun = true;
    // What the session keeps until its end is named here one by one, so that the login itself can go.
    const client = this.#wire;
    const startedAt = this.#startedAt;
    const where = this.#where(admission);
    const { key, revoke } = keys.issue(
      upstream.processId,
      minor,
      () => upstream.cancel().catch(() => {}), // a failed cancel leaves the query running, as a lost one would
    );
    const session = new WireSession({
      client,
      backend: upstream,
      clock,
      id: this.#id,
      idleTimeout: admission.cluster.idleTimeout,
      statements: statementsOf(this.#settings.statements, ({ sql, bytes, parameters }) =>
        // Written out, since there may be ten thousand a second.
        observe({
          event: "statement.v1",
          session: where.session,
          door: where.door,
          cluster: where.cluster,
          sql,
          bytes,
          parameters,
        }),
      ),
      onClosed: (reason) => {
        revoke();
        admission.session.close();
        onSessionClosed(session);
        const { bytesFromClient, bytesToClient, rows } = session;
        const durationMs = clock.now() - startedAt;
        observe({
          ...where,
          event: "session.ended.v1",
          reason,
          bytesFromClient,
          bytesToClient,
          rows,
          durationMs,
        });
      },
    });
    const { processId: backendPid, host } = upstream;
    admission.session.servedBy(backendPid);
    observe({
      ...where,
      event: "session.started.v1",
      backendPid,
      host,
      loginMs: clock.now() - startedAt,
    });
    const keyData = backendKeyData(backendPid, key);
    const welcome = [authenticationOk, upstream.greeting, keyData, readyForQueryIdle, upstream.head];
    onSession(session);
    session.start(Buffer.concat(welcome), this.#inbox.drain());
    admission.session.attach((reason) => session.end(reason));
    admission.session.warnAt(this.#settings.limits.expiryWarnings, (leftMs) => session.warn(leftMs));
  }

  #where(admission: Admission) {
    const { cluster } = admission.session.facts;
    return { session: this.#id, door: "postgres", cluster } as const;
  }

  #peer(): Peer {
    return { address: this.#address, port: this.#port, tls: this.#tls };
  }

  #timeOut(): void {
    this.#refuse(
      new WireError("wire/handshake-timeout", `no login within ${this.#settings.limits.handshakeTimeout} ms`),
    );
    this.#abort.abort(GONE);
  }

  /** Tells the client why there is no session, in a well-formed ErrorResponse, and closes. */
  #refuse(error: unknown): void {
    if (this.#answered || error instanceof Answered) return;
    if (error instanceof UpstreamRefused) {
      this.#answer(error.response);
      return;
    }
    const known =
      error instanceof PosternError
        ? error
        : new WireError("wire/protocol", messageOf(error), { cause: error });
    this.#parts.observe({
      event: "connection.refused.v1",
      session: this.#id,
      door: "postgres",
      peer: this.#peer(),
      code: known.code,
      detail: known.message,
    });
    this.#say(known.spec);
  }

  #say(spec: ErrorSpec): void {
    const message = `${spec.publicMessage} (${this.#id})`;
    this.#answer(errorResponse({ severity: "FATAL", sqlstate: spec.sqlstate, message }));
  }

  /** The last thing that this client hears. */
  #answer(response: Buffer): void {
    this.#answered = true;
    this.#hangUp(response);
  }

  /** Ends the connection. A client that does not read what is left, or does not hang up, must not keep it. */
  #hangUp(last?: Buffer): void {
    if (this.#wire.closed) return;
    this.#callOffHangUp = this.#parts.clock.after(HANG_UP_MS, () => this.#wire.destroy());
    this.#wire.end(last);
  }
}

/** What reads the statements of a session along, if they are wanted. */
function statementsOf(
  audit: StatementsAudit,
  onStatement: (sent: SentStatement) => void,
): Statements | undefined {
  if (audit === "off") return undefined;
  return new Statements({ withParameters: audit === "with-parameters", onStatement });
}

/** Time for a client to read the last of it and to hang up. */
const HANG_UP_MS = 2000;

/** The reason of an abort. Given, because without one a DOMException with its stack is made at the end of each session. */
const GONE = "the connection is over";

/** Ends a login whose client was told the reason already. */
class Answered extends Error {
  readonly code: string;

  constructor(code: string) {
    super(code);
    this.code = code;
  }
}
