import type { Admission } from "../../access/admission.ts";
import type { Clock } from "../../base/clock.ts";
import type { Observe } from "../../base/event.ts";
import { PamSession } from "./pam-session.ts";
import type { Question } from "./question.ts";
import { findServerProcess } from "./server-process.ts";

/** PAM asks about the account right after the login, in the same process; modules in between may take their time. */
const WAIT_MS = 30_000;
/** Logins that are between their two questions. More means that somebody asks the first one only. */
const MAX_WAITING = 1024;
/** How often it is seen which server processes are gone. */
const LOOK_MS = 1000;

interface Waiting {
  readonly session: PamSession;
  readonly callOff: () => void;
}

/** Logins between PAM's two questions about each, and the sessions that came of them. */
export class PamSessions {
  readonly #clock: Clock;
  readonly #observe: Observe;
  readonly #waiting = new Map<string, Waiting>();
  readonly #running = new Set<PamSession>();
  #callOffLook: (() => void) | undefined;

  constructor(clock: Clock, observe: Observe) {
    this.#clock = clock;
    this.#observe = observe;
  }

  /** Keeps a login until its account is asked about, for a short time. */
  enter(question: Question, admission: Admission): void {
    const key = keyOf(question);
    this.#drop(key);
    const [oldest] = this.#waiting.size >= MAX_WAITING ? this.#waiting.keys() : [];
    if (oldest !== undefined) this.#drop(oldest);
    const session = new PamSession(admission, { clock: this.#clock, observe: this.#observe });
    this.#waiting.set(key, { session, callOff: this.#clock.after(WAIT_MS, () => this.#drop(key)) });
  }

  /** Takes out the login that a question is about: each is asked about once. */
  take(question: Question): PamSession | undefined {
    const key = keyOf(question);
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    waiting?.callOff();
    return waiting?.session.over === true ? undefined : waiting?.session;
  }

  /** Watches over a session whose account was allowed, until its server process is gone. */
  watch(session: PamSession, pid: number): void {
    const process = findServerProcess(pid);
    if (process === undefined) {
      session.close(); // it is gone, or on another machine
      return;
    }
    session.begin(process);
    this.#running.add(session);
    this.#callOffLook ??= this.#clock.after(LOOK_MS, () => this.#look());
  }

  /** Takes everything off the lists. Sessions go on: nobody is there any more to end them. */
  close(): void {
    for (const key of [...this.#waiting.keys()]) this.#drop(key);
    this.#callOffLook?.();
    for (const session of this.#running) session.close();
    this.#running.clear();
  }

  #look(): void {
    for (const session of this.#running) {
      session.look();
      if (session.over) this.#running.delete(session);
    }
    this.#callOffLook = this.#running.size === 0 ? undefined : this.#clock.after(LOOK_MS, () => this.#look());
  }

  #drop(key: string): void {
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    waiting?.callOff();
    waiting?.session.close();
  }
}

/** One server process serves one client at a time, so these are one login. */
function keyOf({ process, role, address, cluster, database }: Question): string {
  return JSON.stringify([process, role, address, cluster, database]);
}
