import type { Event } from "./event.ts";

/**
 * What a change of the store is recorded as: written in the transaction of the change, so that neither is there without
 * the other, and handed on from there.
 */
export interface Notice {
  /** By this its record is told from every other, wherever it comes twice. */
  readonly id: string;
  /** When it was, milliseconds since the epoch, by the clock of the node that made the change. */
  readonly time: number;
  readonly event: Event;
  /** What those are sent who want to be told. */
  readonly message?: Message;
}

export interface Message {
  /** Of several about one thing, each is delivered after the one before. */
  readonly about: string;
  /** JSON. */
  readonly body: string;
}

/** Tells of changes, once they are committed, whoever has to know. Never throws. */
export type Announce = (notices: readonly Notice[]) => void;

/** A notice with an id of its own. */
export function noticeOf(event: Event, time: number, message?: Message): Notice {
  const notice = { id: `evt_${crypto.randomUUID().replaceAll("-", "")}`, time, event };
  return message === undefined ? notice : { ...notice, message };
}
