import type { JitParts } from "./api/jit.ts";
import type { ApiParts } from "./api/services.ts";

/** One thing that must hold for logins to succeed. */
export interface Check {
  /** A short noun: `keys`, `cluster/main`. */
  readonly check: string;
  readonly ok: boolean;
  /** What is wrong, in words for an operator; no host, no client, no secret. */
  readonly detail?: string;
}

/** Whether logins can succeed now, and the working of that answer. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: readonly Check[];
}

/** What this door shows of the Postern behind it. */
export interface Running {
  /** What decides about logins that jit-db-gatekeeper asks about, by the configuration in force. */
  logins(): JitParts;
  /** What the API asks, by the configuration in force. */
  api(): ApiParts;
  readiness(): Promise<Readiness>;
  /** All metrics, and the media type of their text. */
  metrics(): Promise<{ readonly text: string; readonly mediaType: string }>;
  /** The catalog of the REST door as JSON; undefined when there is none, or not yet. */
  catalog(): Promise<string | undefined>;
  /** The configuration in force as JSON, without secrets. */
  configuration(): Promise<string>;
}
