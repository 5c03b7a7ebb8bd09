import type { HostPort } from "./addresses.ts";
import { UpstreamError, UpstreamRefused } from "./errors.ts";
import { hostName } from "./hosts.ts";
import type { TargetSessionAttributes } from "./session-attributes.ts";

/** What became of the hosts that one login tried. */
export class Tried {
  readonly #failures = new Map<HostPort, unknown>();
  readonly #unsuitable = new Set<HostPort>();

  failure(host: HostPort, error: unknown): void {
    this.#failures.set(host, error);
  }

  unsuitable(host: HostPort): void {
    this.#unsuitable.add(host);
  }

  /** Whether it makes no sense to try the host again in the same login. */
  failed(host: HostPort): boolean {
    return this.#failures.has(host) && !this.#unsuitable.has(host);
  }

  /** Whether no address of the host answered. */
  gone(host: HostPort): boolean {
    return this.failed(host) && isUnavailable(this.#failures.get(host));
  }

  /** The error for a login that found no host. */
  outcome(wanted: TargetSessionAttributes): unknown {
    const last = [...this.#failures.values()].at(-1);
    if (this.#unsuitable.size === 0 && last !== undefined) return last;
    const names = [...this.#unsuitable].map(hostName).join(", ");
    const detail = `no host is ${wanted}: ${names} are not, ${this.#failures.size} did not answer`;
    return new UpstreamError("upstream/no-suitable-host", detail, { cause: last });
  }
}

/** "Class 57 — Operator Intervention": the server is shutting down, starting or recovering. */
function isShuttingDown(error: unknown): boolean {
  return error instanceof UpstreamRefused && /^57P0[123]$/.test(error.sqlstate);
}

/** Whether nobody answered, or said to come back later. */
export function isUnavailable(error: unknown): boolean {
  if (isShuttingDown(error)) return true;
  return (
    error instanceof UpstreamError &&
    (error.code === "upstream/unreachable" || error.code === "upstream/timeout")
  );
}

/** Another host would answer the same to a wrong password, and a client that went away needs no host. */
export function mayTryNext(error: unknown): boolean {
  if (isUnavailable(error)) return true;
  return (
    error instanceof UpstreamError && (error.code === "upstream/tls" || error.code === "upstream/protocol")
  );
}

/** libpq's `prefer`: without TLS when TLS does not work, or pg_hba.conf has no line for it (28000). */
export function mayTryPlain(error: unknown): boolean {
  if (error instanceof UpstreamRefused) return error.sqlstate === "28000";
  return error instanceof UpstreamError && error.code === "upstream/tls";
}
