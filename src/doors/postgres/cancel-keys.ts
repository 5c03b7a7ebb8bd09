import { randomBytes } from "node:crypto";
import { equalInConstantTime } from "../../base/secret.ts";

/** Protocol 3.0 has room for four bytes only. */
const KEY_BYTES_3_0 = 4;
/** 256 bits: not to be guessed, even by a botnet with years. */
const KEY_BYTES_3_2 = 32;

interface Entry {
  readonly key: Buffer;
  readonly cancel: () => Promise<void>;
}

/**
 * The cancel keys that clients of this door hold. They are our own: the server's key never leaves the gateway, and a
 * key is good for exactly as long as its session lives, so a late cancel cannot hit somebody else's query.
 */
export class CancelKeys {
  readonly #byProcess = new Map<number, Set<Entry>>();

  /**
   * Makes a key for a session. Returns it and the function that takes it out of use.
   * @param cancel resolves when the server was told; never rejects
   */
  issue(
    processId: number,
    minor: number,
    cancel: () => Promise<void>,
  ): { readonly key: Buffer; readonly revoke: () => void } {
    const entry = { key: randomBytes(minor >= 2 ? KEY_BYTES_3_2 : KEY_BYTES_3_0), cancel };
    const entries = this.#byProcess.get(processId) ?? new Set<Entry>();
    this.#byProcess.set(processId, entries.add(entry));
    const revoke = () => {
      entries.delete(entry);
      if (entries.size === 0 && this.#byProcess.get(processId) === entries) this.#byProcess.delete(processId);
    };
    return { key: entry.key, revoke };
  }

  /**
   * Cancels what the session with this key is running. Returns undefined when there is none, and otherwise a promise
   * that resolves when the server was told.
   */
  cancel(processId: number, key: Uint8Array): Promise<void> | undefined {
    const entries = [...(this.#byProcess.get(processId) ?? [])];
    const matching = entries.filter((entry) => equalInConstantTime(entry.key, key));
    if (matching.length === 0) return undefined;
    return Promise.all(matching.map((entry) => entry.cancel())).then(() => {});
  }

  get size(): number {
    let size = 0;
    for (const entries of this.#byProcess.values()) size += entries.size;
    return size;
  }
}
