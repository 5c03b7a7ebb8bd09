/** The sessions of every node, for operators: their own, and everybody's for whom policy lets see or end them. */
import type { BoardSession } from "../sessions/board.ts";
import type { SharedSessions } from "../sessions/shared.ts";
import { refused } from "./denied.ts";
import type { Operator } from "./operator.ts";

const RESOURCE = "sessions";

export class SessionDesk {
  readonly #sessions: Pick<SharedSessions, "list" | "end"> | undefined;

  /** @param sessions none where there is no store */
  constructor(sessions: Pick<SharedSessions, "list" | "end"> | undefined) {
    this.#sessions = sessions;
  }

  /** The newest first. @throws Refused, or an error of the store */
  async list(operator: Operator): Promise<readonly BoardSession[]> {
    const listed = await this.#kept().list();
    if (operator.may({ verb: "list", resource: RESOURCE })) return listed;
    return listed.filter(({ subject }) => subject === operator.identity.id);
  }

  /** Ends a session wherever it is: here at once, elsewhere as soon as its node hears of it. @throws Refused */
  async end(operator: Operator, id: string): Promise<void> {
    const known = await this.#kept().end(id, operator.identity.id);
    if (!known) throw refused("access/session-not-found", id);
  }

  #kept() {
    if (this.#sessions === undefined)
      throw refused("access/no-store", "sessions are known to each other by the store");
    return this.#sessions;
  }
}
