import type { VerificationKey } from "./key.ts";

/** Where keys come from: the configuration itself, a file, a URL. */
export interface KeySource {
  /** The keys that may be used now. */
  readonly keys: readonly VerificationKey[];
  /**
   * Loads, or looks again when a configuration is taken up anew; keys that are there stay when that fails. Resolves
   * when it was tried, to the reason when there are no keys; never rejects.
   */
  start(): Promise<string | undefined>;
  /**
   * Looks again for a key that a token needs. Returns a promise that resolves when it has looked and never rejects,
   * or undefined when looking is pointless (nothing to look at) or too soon.
   */
  seek(kid: string | undefined): Promise<void> | undefined;
  close(): void;
}

/** Keys that are written in the configuration. */
export function fixedSource(keys: readonly VerificationKey[]): KeySource {
  return {
    keys,
    start: () => Promise.resolve(undefined),
    seek: () => undefined,
    close: () => {},
  };
}
