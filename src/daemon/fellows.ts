import type { SubjectId } from "../base/ids.ts";

/** The other worker processes that share our port, as one of them sees them. */
export interface Fellows {
  /** Has a query cancelled whose session may be with one of them. Returns whether there is such a session. */
  cancel(processId: number, key: Uint8Array): Promise<boolean>;
  /** Sessions of an identity with them. */
  sessionsOf(subject: SubjectId): number;
  /** Tells them how many sessions of an identity are here now. */
  sessionsAre(subject: SubjectId, sessions: number): void;
  /** Tells them that an address failed to log in here. */
  loginFailed(address: string): void;
}

/** A process that is alone. */
export const noFellows: Fellows = {
  cancel: async () => false,
  sessionsOf: () => 0,
  sessionsAre: () => {},
  loginFailed: () => {},
};
