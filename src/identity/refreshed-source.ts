/**
 * Keys that are fetched: when to fetch, what to keep when that fails, and for how long.
 *
 *              start            success             failure
 *     (idle) ─────────▶ fetch ──────────▶ (fresh) ◀─────────┐
 *                         │                  │ max-age, seek │ success
 *                         │ failure          ▼               │
 *                         └────────▶ (retry every 30 s, old keys still used) ── maxStale ──▶ (no keys)
 *
 * | event          | fresh                    | failing                       | no keys                 |
 * |----------------|--------------------------|-------------------------------|-------------------------|
 * | success        | keys, schedule           | keys, schedule, forget since  | keys, schedule          |
 * | failure        | keep keys, note since    | keep keys and since           | nothing to keep         |
 * | maxStale over  | (never)                  | drop the keys                 | (never)                 |
 * | seek           | fetch if 30 s passed     | fetch if 30 s passed          | fetch if 30 s passed    |
 * | start again    | fetch if 30 s passed     | fetch if 30 s passed          | fetch if 30 s passed    |
 * | close          | nothing happens again    | nothing happens again         | nothing happens again   |
 */
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Observe } from "../base/event.ts";
import { importJwks } from "./jwks.ts";
import { sameKeys, type VerificationKey } from "./key.ts";
import type { KeySource } from "./key-source.ts";

/** Whatever happens, and whoever asks, an issuer is not asked more often than this. */
const MIN_REFETCH_MS = 30_000;
/** For answers that don't say how long they hold. */
const DEFAULT_REFRESH_MS = 5 * 60_000;
/** A withdrawn key is noticed within this time, whatever max-age says; an unchanged set costs one 304. */
const MAX_REFRESH_MS = 15 * 60_000;
/** A key id that was looked for in vain is not looked for again for this long, unless the keys change. */
const UNKNOWN_KID_MS = 5 * 60_000;
/** Remembered unknown ids; a flood of different ones runs into MIN_REFETCH_MS anyway. */
const MAX_UNKNOWN_KIDS = 1000;

/** What one fetch brought. */
export type Fetched =
  | { readonly kind: "document"; readonly document: unknown; readonly maxAgeMs: number | undefined }
  | { readonly kind: "unchanged"; readonly maxAgeMs: number | undefined };

/** Fetches a JWK Set, again and again. */
export interface KeyFetch {
  /** Fetches once. Rejects with a reason for the log. `unchanged` is only said of a document that was taken. */
  fetch(signal: AbortSignal): Promise<Fetched>;
  /** Makes the next fetch bring a whole document: the last one was of no use. */
  forget(): void;
}

export interface RefreshedSourceParts {
  readonly issuer: string;
  readonly fetch: KeyFetch;
  readonly maxStale: number;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly changed: () => void;
}

export class RefreshedSource implements KeySource {
  readonly #parts: RefreshedSourceParts;
  readonly #abort = new AbortController();
  readonly #unknownKids = new Map<string, number>();
  #keys: readonly VerificationKey[] = [];
  #skipped = "";
  /** Why the last fetch failed. */
  #fault = "no answer yet";
  #loadedAt: number | undefined;
  #triedAt = Number.NEGATIVE_INFINITY;
  #inFlight: Promise<boolean> | undefined;
  #callOffRefresh = () => {};
  #callOffExpiry: (() => void) | undefined;

  constructor(parts: RefreshedSourceParts) {
    this.#parts = parts;
  }

  get keys(): readonly VerificationKey[] {
    return this.#keys;
  }

  async start(): Promise<string | undefined> {
    if (this.#mayRefetch()) await this.#refresh();
    return this.#keys.length > 0 ? undefined : this.#fault;
  }

  seek(kid: string | undefined): Promise<void> | undefined {
    if (this.#abort.signal.aborted) return undefined;
    const now = this.#parts.clock.now();
    if (kid !== undefined && now < (this.#unknownKids.get(kid) ?? 0)) return undefined;
    if (!this.#mayRefetch()) return undefined;
    return this.#refresh().then((loaded) => {
      if (loaded && kid !== undefined && !this.#keys.some((key) => key.kid === kid))
        this.#rememberUnknown(kid);
    });
  }

  close(): void {
    this.#abort.abort();
    this.#callOffRefresh();
    this.#callOffExpiry?.();
  }

  /** Whether a fetch is under way, or long enough ago. */
  #mayRefetch(): boolean {
    return this.#inFlight !== undefined || this.#parts.clock.now() - this.#triedAt >= MIN_REFETCH_MS;
  }

  /** Fetches, unless a fetch is under way: then it is that one. Resolves to whether it succeeded. */
  #refresh(): Promise<boolean> {
    this.#inFlight ??= this.#fetch();
    return this.#inFlight;
  }

  async #fetch(): Promise<boolean> {
    const { clock, fetch } = this.#parts;
    const { signal } = this.#abort;
    this.#callOffRefresh();
    this.#triedAt = clock.now();
    const outcome = await fetch.fetch(signal).catch((error: unknown) => ({ kind: "failed", error }) as const);
    // Before anything is reported: whoever hears of it may ask again.
    this.#inFlight = undefined;
    if (signal.aborted) return false;
    try {
      if (outcome.kind === "failed") throw outcome.error;
      if (outcome.kind === "document") this.#take(outcome.document);
      this.#refreshAfter(outcome.maxAgeMs ?? DEFAULT_REFRESH_MS);
      this.#succeeded();
      return true;
    } catch (error) {
      fetch.forget();
      this.#refreshAfter(MIN_REFETCH_MS);
      this.#failed(messageOf(error));
      return false;
    }
  }

  #refreshAfter(ms: number): void {
    const delay = Math.min(Math.max(ms, MIN_REFETCH_MS), MAX_REFRESH_MS);
    this.#callOffRefresh = this.#parts.clock.after(delay, () => void this.#refresh());
  }

  /** Puts a new set in the place of the old one; throws, and keeps the old one, when nothing in it can be used. */
  #take(document: unknown): void {
    const { issuer, observe } = this.#parts;
    const { keys, faults } = importJwks(document);
    if (keys.length === 0) throw new Error(faults.join("; "));
    const skipped = faults.join("; ");
    if (skipped !== "" && skipped !== this.#skipped)
      observe({ event: "keys.skipped.v1", issuer, detail: skipped });
    this.#skipped = skipped;
    this.#replace(keys);
  }

  #succeeded(): void {
    const { issuer, observe, clock } = this.#parts;
    this.#callOffExpiry?.();
    this.#callOffExpiry = undefined;
    this.#loadedAt = clock.now();
    observe({ event: "keys.loaded.v1", issuer, keys: this.#keys.length });
  }

  #failed(detail: string): void {
    const { issuer, observe, clock, maxStale } = this.#parts;
    const ageMs = this.#loadedAt === undefined ? undefined : clock.now() - this.#loadedAt;
    this.#fault = detail;
    observe({ event: "keys.failed.v1", issuer, detail, ageMs });
    if (this.#keys.length > 0) this.#callOffExpiry ??= clock.after(maxStale, () => this.#replace([]));
  }

  #replace(keys: readonly VerificationKey[]): void {
    const same = sameKeys(this.#keys, keys);
    this.#keys = keys;
    if (same) return;
    this.#unknownKids.clear();
    this.#parts.changed();
  }

  #rememberUnknown(kid: string): void {
    if (this.#unknownKids.size >= MAX_UNKNOWN_KIDS) this.#unknownKids.clear();
    this.#unknownKids.set(kid, this.#parts.clock.now() + UNKNOWN_KID_MS);
  }
}
