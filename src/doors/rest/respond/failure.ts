/** Whatever went wrong → the error that the client is told. Nothing of it that is Postern's own business is told. */
import type { EndReason } from "../../../base/event.ts";
import { UpstreamError, UpstreamRefused } from "../../../upstream/errors.ts";
import { PoolError, PoolServerError } from "../../../upstream/pool/errors.ts";
import { RestError } from "../errors.ts";
import { HttpError } from "../http/errors.ts";
import { invalidToken, RETRY_SOON } from "../refusal-fields.ts";
import { connectionLost, databaseUnreachable, poolTimeout } from "../refusals.ts";
import { databaseError } from "./database-error.ts";

/** What is known of the request that failed. */
export interface FailureContext {
  readonly authenticated: boolean;
  /** Why its session ended meanwhile, if it did. */
  readonly ended: EndReason | undefined;
}

export function failureOf(error: unknown, { authenticated, ended }: FailureContext): RestError {
  if (error instanceof RestError) return error;
  if (error instanceof PoolServerError) return databaseError(error.fields, authenticated);
  if (ended === "access-over") return policyError("The time of the access that was given is over");
  if (ended === "expired" || ended === "revoked") return endedError(ended);
  if (error instanceof HttpError) return specError(error);
  if (error instanceof PoolError) return poolError(error);
  if (error instanceof UpstreamRefused) return databaseUnreachable();
  if (error instanceof UpstreamError)
    return error.spec.http === 403 ? specError(error) : databaseUnreachable();
  return RestError.of("PGRSTX00", { message: "Internal error", cause: error });
}

/** The right that the request lived on went away while it ran. */
function endedError(reason: "expired" | "revoked"): RestError {
  const message = reason === "expired" ? "JWT expired" : "The right to this request was taken away";
  return RestError.of("PGRST303", { message, headers: invalidToken(message) });
}

/** As policy refuses what comes next: the token is good, and a new one does not help. */
function policyError(message: string): RestError {
  return RestError.raised("28000", 403, { message });
}

function poolError(error: PoolError): RestError {
  switch (error.code) {
    case "pool/acquisition-timeout":
      return poolTimeout();
    case "pool/connection-lost":
    case "pool/closed":
      return connectionLost();
    case "pool/result-too-large":
    case "pool/too-many-results":
    case "pool/aborted":
      return specError(error);
    default:
      return error.code satisfies never;
  }
}

function specError({ spec }: HttpError | PoolError | UpstreamError): RestError {
  const headers = spec.http === 503 ? RETRY_SOON : [];
  return RestError.raised(spec.sqlstate, spec.http, { message: spec.publicMessage, headers });
}
