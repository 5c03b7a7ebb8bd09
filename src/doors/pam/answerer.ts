import type { Access } from "../../access/admit.ts";
import type { Clock } from "../../base/clock.ts";
import type { Observe } from "../../base/event.ts";
import type { DatabaseName, SessionId } from "../../base/ids.ts";
import { newSessionId } from "../../base/ids.ts";
import type { ClusterConfig } from "../../config/schema.ts";
import { pamErrors } from "./errors.ts";
import { PamSessions } from "./pam-sessions.ts";
import type { Question } from "./question.ts";

/** What PAM is told. The id is the one under which the log has it; the sentence is for the machine's own log. */
export type Verdict =
  | { readonly kind: "allow" }
  | { readonly kind: "deny"; readonly code: string; readonly id: SessionId; readonly message: string };

/** Where a question leads, by the configuration that is in force. */
interface Place {
  readonly access: Access;
  readonly cluster: ClusterConfig | undefined;
  readonly clusters: readonly ClusterConfig[];
  readonly database: DatabaseName;
  /** Whether the session that comes of a login is watched over, and ended with its right. */
  readonly endSessions: boolean;
}

/**
 * Answers the two questions about a login. The first asks access; the second, for which PAM shows no credential, is about
 * the login that the first one let in, and is answered yes only if access would still let it in.
 */
export class Answerer {
  readonly #clock: Clock;
  readonly #sessions: PamSessions;

  constructor(clock: Clock, observe: Observe) {
    this.#clock = clock;
    this.#sessions = new PamSessions(clock, observe);
  }

  async answer(question: Question, place: Place): Promise<Verdict> {
    return question.type === "auth" ? this.#logIn(question, place) : this.#checkAccount(question, place);
  }

  close(): void {
    this.#sessions.close();
  }

  async #logIn(question: Question & { readonly type: "auth" }, place: Place): Promise<Verdict> {
    const id = newSessionId();
    const { role, address, credential: token } = question;
    const peer = { address, port: 0, tls: false };
    const { cluster, database, access } = place;
    const wish = { cluster, database, role, door: "pam", peer, replication: false } as const;
    const outcome = await access.admit({ kind: "token", token }, wish, id);
    if (outcome.kind === "denied")
      return { kind: "deny", code: outcome.code, id, message: outcome.spec.publicMessage };
    this.#sessions.enter(question, outcome.admission);
    return { kind: "allow" };
  }

  #checkAccount(question: Question, { access, clusters, endSessions }: Place): Verdict {
    const session = this.#sessions.take(question);
    if (session === undefined) return refused("pam/no-login", newSessionId());
    const { facts } = session.admission.session;
    const lasts = facts.until === undefined || this.#clock.now() < facts.until.at;
    if (!lasts || !access.upholds(facts, clusters)) {
      session.close();
      return refused("pam/ended", facts.id);
    }
    if (endSessions) this.#sessions.watch(session, question.process);
    else session.close();
    return { kind: "allow" };
  }
}

function refused(code: "pam/no-login" | "pam/ended", id: SessionId): Verdict {
  return { kind: "deny", code, id, message: pamErrors[code].publicMessage };
}
