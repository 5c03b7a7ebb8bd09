/** What every answer of the door carries, whether it went well or not. */
import type { SessionId } from "../../../base/ids.ts";
import type { HeaderField } from "../errors.ts";
import type { Exchange, Reply } from "../http/exchange.ts";
import type { LegacyName } from "../plan/branch.ts";
import type { AllowedOrigins } from "./cors.ts";
import { corsFields } from "./cors.ts";

/** Of the configuration. */
export interface FinishSettings {
  readonly allowedOrigins: AllowedOrigins;
  /** `server-trace-header`: a request header that is sent back. */
  readonly traceHeader: string | undefined;
}

/** Milliseconds of the steps that a request went through. */
export type Timings = Readonly<Partial<Record<Step, number>>>;
export type Step = "jwt" | "parse" | "plan" | "transaction" | "response";

interface Known {
  /** The id under which the log knows the session: what users quote when they ask for help. */
  readonly session: SessionId | undefined;
  /** `server-timing-enabled`: what is told of the steps. */
  readonly timings: Timings | undefined;
  readonly legacyNames: readonly LegacyName[];
}

const STEPS: readonly Step[] = ["jwt", "parse", "plan", "transaction", "response"];
/** What representations depend on; a cache must tell them apart (RFC 9110 §12.5.5). */
const VARY = "Accept, Prefer, Range";
/** Answers to listed origins differ by who asks. */
const VARY_ORIGIN = `${VARY}, Origin`;
/** The program that answers; its version is nobody's business. */
const SERVER = "postern";

/** The answer as it is sent. */
export function finished(reply: Reply, exchange: Exchange, settings: FinishSettings, known: Known): Reply {
  const { allowedOrigins, traceHeader } = settings;
  const headers: HeaderField[] = [...reply.headers, ...corsFields(exchange.headers, allowedOrigins)];
  if (!reply.headers.some(([name]) => name.toLowerCase() === "vary"))
    headers.push(["Vary", allowedOrigins === undefined ? VARY : VARY_ORIGIN]);
  if (traceHeader !== undefined)
    headers.push([traceHeader, exchange.headers.get(traceHeader.toLowerCase()) ?? ""]);
  if (known.timings !== undefined) headers.push(["Server-Timing", serverTiming(known.timings)]);
  if (known.legacyNames.length > 0) headers.push(["Warning", legacyWarning(known.legacyNames)]);
  if (known.session !== undefined) headers.push(["Postern-Session", known.session]);
  headers.push(["Server", SERVER]);
  return { ...reply, headers };
}

/** Server-Timing (W3C), in milliseconds with one decimal. A step that was not taken is left out. */
function serverTiming(timings: Timings): string {
  const taken = STEPS.flatMap((step) => {
    const ms = timings[step];
    return ms === undefined ? [] : [`${step};dur=${ms.toFixed(1)}`];
  });
  return taken.join(", ");
}

/** What a header may quote of a name that the client sent. */
const UNQUOTABLE = /[^ !#-[\]-~\u0080-\uffff]/g;

/** Warning (RFC 7234 §5.5): obsolete in general, and where clients of PostgREST look. */
function legacyWarning(names: readonly LegacyName[]): string {
  const changes = names
    .map(({ name, alias }) => `\`${name}\` to \`${alias}\``.replace(UNQUOTABLE, "?"))
    .join(", ");
  return (
    '299 Postern "Embedded resource was referenced by relation name even though it has an alias. This is deprecated ' +
    `and will stop working in a future release. Update ${changes} in query string filters, orders or limits."`
  );
}
