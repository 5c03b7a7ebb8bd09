import type { Admission } from "../../access/admit.ts";
import type { Clock } from "../../base/clock.ts";
import type { Question } from "./question.ts";

/** PAM asks about the account right after the login, in the same process; modules in between may take their time. */
const WAIT_MS = 30_000;
/** Logins that are between their two questions. More means that somebody asks the first one only. */
const MAX_LOGINS = 1024;

interface Login {
  readonly admission: Admission;
  readonly callOff: () => void;
}

/** Logins that were let in and whose account is still to be asked about. Each is asked about once. */
export class Logins {
  readonly #clock: Clock;
  readonly #logins = new Map<string, Login>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#logins.size;
  }

  /** Keeps a login until its account is asked about, for a short time; then it is closed. */
  enter(question: Question, admission: Admission): void {
    const key = keyOf(question);
    this.#close(key);
    const [oldest] = this.#logins.size >= MAX_LOGINS ? this.#logins.keys() : [];
    if (oldest !== undefined) this.#close(oldest);
    const callOff = this.#clock.after(WAIT_MS, () => this.#close(key));
    this.#logins.set(key, { admission, callOff });
    admission.session.attach(() => this.#close(key));
  }

  /** Takes out the login that a question is about; the caller closes it. */
  take(question: Question): Admission | undefined {
    const key = keyOf(question);
    const login = this.#logins.get(key);
    this.#logins.delete(key);
    login?.callOff();
    return login?.admission;
  }

  close(): void {
    for (const key of [...this.#logins.keys()]) this.#close(key);
  }

  #close(key: string): void {
    const login = this.#logins.get(key);
    if (login === undefined) return;
    this.#logins.delete(key);
    login.callOff();
    login.admission.session.close();
  }
}

/** One server process serves one client at a time, so these are one login. */
function keyOf({ process, role, address, cluster, database }: Question): string {
  return JSON.stringify([process, role, address, cluster, database]);
}
