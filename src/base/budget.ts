import type { Clock } from "./clock.ts";

/** Up to this, what somebody holds is not counted: what is small never waits, whatever others hold. */
export const UNCOUNTED_BYTES = 65_536;
/** Who waits longer for room is refused: as long as a request waits for a connection to the database by default. */
export const ROOM_MS = 10_000;

/** Told what came of waiting. */
type OnRoom = (granted: boolean) => void;

/** Where bytes are counted while they are held. */
export interface Room {
  /**
   * Asks for room for so many bytes in all.
   * @param onRoom told once, later, when there is none now
   */
  claim(bytes: number, onRoom: OnRoom): "granted" | "waiting" | "refused";
}

/** What the shares of a budget have in common. */
interface Common {
  readonly clock: Clock;
  readonly limit: () => number;
  /** In the order in which they came. */
  readonly waiting: Set<Share>;
  held: number;
  /** What those hold who wait for more. */
  idle: number;
}

/**
 * A bound on bytes that many hold at the same time. Who needs more than is left waits, in order. Where all who hold
 * something wait for more, the first of them gets it all the same: else none would ever come to its end and let go. So
 * does who is alone: something that is larger than the bound is let through by itself.
 */
export class Budget {
  readonly #common: Common;

  /** @param limit how many bytes may be held; asked for each time, for a reload changes it */
  constructor(clock: Clock, limit: () => number) {
    this.#common = { clock, limit, waiting: new Set(), held: 0, idle: 0 };
  }

  /** The bytes that are held now. */
  get held(): number {
    return this.#common.held;
  }

  /** Whether somebody waits for others to let go. */
  get short(): boolean {
    return this.#common.waiting.size > 0;
  }

  share(): Share {
    return new Share(this.#common);
  }
}

interface Wanted {
  readonly bytes: number;
  readonly most: number;
  readonly onRoom: OnRoom;
  readonly callOff: () => void;
}

/**
 * What one of many holds of a budget.
 *
 *     open ──claim, no room──▶ waiting ──room, or too long──▶ open
 *       └──────close──────────────┴──close──▶ closed: all is given back, and nothing more granted
 */
export class Share implements Room {
  readonly #common: Common;
  #held = 0;
  #closed = false;
  #wanted: Wanted | undefined;

  constructor(common: Common) {
    this.#common = common;
  }

  get held(): number {
    return this.#held;
  }

  /** @param most what will be asked for in the end: who is let through although it does not fit never waits again */
  claim(bytes: number, onRoom: OnRoom, most = bytes): "granted" | "waiting" | "refused" {
    if (this.#closed) return "refused";
    if (this.#wanted !== undefined) return "waiting";
    const { waiting, clock } = this.#common;
    if (bytes <= this.#held || bytes <= UNCOUNTED_BYTES) return "granted";
    if (waiting.size === 0 && this.#fits(bytes)) {
      this.#count(bytes);
      return "granted";
    }
    this.#wanted = { bytes, most, onRoom, callOff: clock.after(ROOM_MS, () => this.#refuse()) };
    waiting.add(this);
    this.#common.idle += this.#held;
    queueMicrotask(() => serve(this.#common)); // it may be the last one that did not wait
    return "waiting";
  }

  /** Counts what is there already, whether it fits or not. */
  take(bytes: number): void {
    if (this.#wanted === undefined && !this.#closed && bytes > this.#held && bytes > UNCOUNTED_BYTES)
      this.#count(bytes);
  }

  /** Lets go of what is held above so many bytes. */
  keep(bytes: number): void {
    if (this.#wanted !== undefined || bytes >= this.#held) return;
    this.#count(bytes);
    serve(this.#common);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const wanted = this.#stopWaiting();
    this.#count(0);
    wanted?.onRoom(false);
    serve(this.#common);
  }

  /** Looks again whether there is room now. Returns whether it need not wait any longer. */
  retry(): boolean {
    const { bytes = 0, most = 0 } = this.#wanted ?? {};
    const { held, idle } = this.#common;
    const fits = this.#fits(bytes);
    if (!fits && held > idle) return false;
    const wanted = this.#stopWaiting();
    this.#count(fits ? bytes : most);
    wanted?.onRoom(true);
    return true;
  }

  #fits(bytes: number): boolean {
    const others = this.#common.held - this.#held;
    return others === 0 || others + bytes <= this.#common.limit();
  }

  #count(bytes: number): void {
    this.#common.held += bytes - this.#held;
    this.#held = bytes;
  }

  #refuse(): void {
    this.#stopWaiting()?.onRoom(false);
    serve(this.#common); // there may be room for who stood behind it
  }

  #stopWaiting(): { readonly onRoom: OnRoom } | undefined {
    const wanted = this.#wanted;
    if (wanted === undefined) return undefined;
    this.#wanted = undefined;
    this.#common.waiting.delete(this);
    this.#common.idle -= this.#held;
    wanted.callOff();
    return wanted;
  }
}

function serve({ waiting }: Common): void {
  for (const share of waiting) if (!share.retry()) return;
}
