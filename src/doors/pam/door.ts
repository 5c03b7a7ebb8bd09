/**
 * The PAM door: servers that cannot be fronted have their logins decided here. PAM on the server's machine asks over a
 * Unix-domain socket; the door makes a credential and a wish of it, and asks access as every door does. It opens no
 * connection and decides nothing. Who may ask is settled by the socket's owner and mode.
 */
import type { Access } from "../../access/admit.ts";
import type { Clock } from "../../base/clock.ts";
import type { Observe, Peer } from "../../base/event.ts";
import type { DatabaseName, SessionId } from "../../base/ids.ts";
import { newSessionId } from "../../base/ids.ts";
import type { ClusterConfig, PamDoorConfig } from "../../config/schema.ts";
import { network } from "../../wire/network.ts";
import type { Listener, Wire } from "../../wire/wire.ts";
import { Answerer, type Verdict } from "./answerer.ts";
import { type PamErrorCode, pamErrors } from "./errors.ts";
import { isWhole, MAX_QUESTION_BYTES, readQuestion } from "./question.ts";

/** Everything of the door that a reload may change. */
export interface PamDoorSettings {
  readonly door: PamDoorConfig;
  readonly clusters: readonly ClusterConfig[];
  readonly access: Access;
}

interface PamDoorParts {
  readonly clock: Clock;
  readonly observe: Observe;
}

/** PAM writes its question in one piece. */
const QUESTION_MS = 5000;
/** Backends that log in at the same time; PostgreSQL's own max_connections is of this order. */
const MAX_CONNECTIONS = 512;

const NOBODY: Peer = { address: "", port: 0, tls: false };

export class PamDoor {
  readonly #parts: PamDoorParts;
  readonly #wires = new Set<Wire>();
  readonly #answerer: Answerer;
  #settings: PamDoorSettings;
  #listener: Listener | undefined;
  #drained: (() => void) | undefined;

  constructor(settings: PamDoorSettings, parts: PamDoorParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#answerer = new Answerer(parts.clock, parts.observe);
  }

  /** @throws Error when the socket cannot be had */
  async listen(): Promise<void> {
    this.#listener = await this.#open(this.#settings.door);
  }

  /** Where the door listens. */
  get address(): { readonly address: string; readonly port: number } | undefined {
    return this.#listener;
  }

  /** Questions that are not answered yet. */
  get size(): number {
    return this.#wires.size;
  }

  /**
   * Puts other settings in force for questions that come from now on.
   * @throws Error when the new socket cannot be had; then nothing has changed
   */
  async move(settings: PamDoorSettings): Promise<void> {
    const before = this.#settings.door.unixSocket;
    const after = settings.door.unixSocket;
    if (before.path !== after.path || before.mode !== after.mode) {
      if (before.path === after.path) this.#shut();
      const listener = await this.#open(settings.door);
      this.#shut();
      this.#listener = listener;
    }
    this.#settings = settings;
  }

  /** Stops listening and lets questions be answered. */
  async drain(): Promise<void> {
    this.#shut();
    if (this.#wires.size > 0)
      await new Promise<void>((resolve) => {
        this.#drained = resolve;
      });
    this.#answerer.close();
  }

  /** Ends what is left, at once. Returns how many questions that were. */
  cut(): number {
    const { size } = this;
    for (const wire of [...this.#wires]) wire.destroy();
    return size;
  }

  async #open({ unixSocket: { path, mode } }: PamDoorConfig): Promise<Listener> {
    const listener = await network.listenUnix({
      path,
      mode: Number.parseInt(mode, 8),
      onWire: (wire) => this.#accept(wire),
      onError: () => {}, // out of descriptors; the next accept tries again
    });
    this.#parts.observe({ event: "door.opened.v1", door: "pam", address: path, port: 0 });
    return listener;
  }

  #shut(): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    listener.close();
    const { address, port } = listener;
    this.#parts.observe({ event: "door.closed.v1", door: "pam", address, port });
  }

  #accept(wire: Wire): void {
    let bytes: Buffer = Buffer.alloc(0);
    const callOff = this.#parts.clock.after(QUESTION_MS, () =>
      refuse("pam/too-slow", `${bytes.length} bytes`),
    );
    const refuse = (code: PamErrorCode, detail: string): void => {
      callOff();
      this.#answer(wire, this.#refused(code, detail));
    };
    const ask = async () => {
      callOff();
      wire.pause();
      this.#answer(wire, await this.#ask(bytes));
    };
    this.#wires.add(wire);
    wire.onClose = () => {
      callOff();
      this.#wires.delete(wire);
      if (this.#wires.size === 0) this.#drained?.();
    };
    wire.onData = (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length > MAX_QUESTION_BYTES) refuse("pam/malformed", `over ${MAX_QUESTION_BYTES} bytes`);
      else if (isWhole(bytes)) void ask();
    };
    if (this.#wires.size > MAX_CONNECTIONS) refuse("pam/crowded", `${this.#wires.size} questions`);
    else wire.resume();
  }

  async #ask(bytes: Buffer): Promise<Verdict> {
    const question = readQuestion(bytes);
    if ("fault" in question) return this.#refused("pam/malformed", question.fault);
    const { door, clusters, access } = this.#settings;
    const named = question.cluster ?? door.cluster;
    const only = clusters.length === 1 ? clusters[0] : undefined;
    const cluster = named === undefined ? only : clusters.find(({ name }) => name === named);
    // The schema has checked the configured name.
    const database = question.database ?? (door.database as DatabaseName);
    return this.#answerer.answer(question, {
      cluster,
      clusters,
      database,
      access,
      endSessions: door.endSessions,
    });
  }

  /** Refuses what never became a login. */
  #refused(code: PamErrorCode, detail: string): Verdict {
    const session: SessionId = newSessionId();
    this.#parts.observe({ event: "connection.refused.v1", session, door: "pam", peer: NOBODY, code, detail });
    return { kind: "deny", code, id: session, message: pamErrors[code].publicMessage };
  }

  #answer(wire: Wire, verdict: Verdict): void {
    wire.onData = () => {};
    const line = verdict.kind === "allow" ? "allow" : `deny ${verdict.code} ${verdict.id} ${verdict.message}`;
    wire.resume();
    wire.end(Buffer.from(`${line}\n`));
  }
}
