import type { Admission } from "../../access/admission.ts";
import type { Clock } from "../../base/clock.ts";
import type { EndReason, Observe } from "../../base/event.ts";
import { isRunning, type ServerProcess, terminate } from "./server-process.ts";

interface SessionParts {
  readonly clock: Clock;
  readonly observe: Observe;
}

/**
 * One login by PAM, and the session that comes of it, which PAM tells nothing about.
 *
 *     let in ──account asked, allowed──▶ running ──its process is gone──▶ over
 *       └──not asked in time, denied, right ended──▶ over      └─right ended─▶ ending ──its process is gone──▶ over
 */
export class PamSession {
  readonly admission: Admission;
  readonly #parts: SessionParts;
  readonly #enteredAt: number;
  #process: ServerProcess | undefined;
  #reason: EndReason | undefined;
  #over = false;

  constructor(admission: Admission, parts: SessionParts) {
    this.admission = admission;
    this.#parts = parts;
    this.#enteredAt = parts.clock.now();
    admission.session.attach((reason) => this.#end(reason));
  }

  get over(): boolean {
    return this.#over;
  }

  /** The account was allowed: the session runs in this process. */
  begin(process: ServerProcess): void {
    const { id: session, cluster } = this.admission.session.facts;
    const loginMs = this.#parts.clock.now() - this.#enteredAt;
    this.#process = process;
    this.admission.session.servedBy(process.pid);
    const host = undefined;
    this.#parts.observe({
      event: "session.started.v1",
      session,
      door: "pam",
      cluster,
      backendPid: process.pid,
      host,
      loginMs,
    });
  }

  /** Sees whether the process still runs. */
  look(): void {
    if (this.#process !== undefined && !isRunning(this.#process)) this.close();
  }

  /** Takes it off the list. What runs is left alone. */
  close(): void {
    if (this.#over) return;
    this.#over = true;
    const { id: session, cluster } = this.admission.session.facts;
    if (this.#process !== undefined)
      this.#parts.observe({
        event: "session.ended.v1",
        session,
        door: "pam",
        cluster,
        reason: this.#reason ?? "client-closed",
        bytesFromClient: 0,
        bytesToClient: 0,
        rows: undefined,
        durationMs: this.#parts.clock.now() - this.#enteredAt,
      });
    this.admission.session.close();
  }

  #end(reason: EndReason): void {
    this.#reason = reason;
    if (this.#process === undefined) this.close();
    else if (!terminate(this.#process)) this.#tellNotEnded(this.#process);
  }

  #tellNotEnded({ pid }: ServerProcess): void {
    const { id: session, cluster } = this.admission.session.facts;
    this.#parts.observe({
      event: "upstream.failed.v1",
      session,
      cluster,
      host: `process ${pid}`,
      code: "pam/not-ended",
      detail: "the server process could not be ended; run Postern as the server's account",
    });
  }
}
