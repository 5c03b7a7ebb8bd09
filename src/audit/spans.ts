/**
 * Spans for OpenTelemetry. Postern knows its interface only, and sends nothing anywhere: a user who wants traces loads
 * an SDK before Postern starts (docs/operations.md).
 */
import type { Span } from "@opentelemetry/api";
import { ProxyTracerProvider, SpanStatusCode, trace } from "@opentelemetry/api";
import type { Spans } from "../base/spans.ts";
import { noSpans } from "../base/spans.ts";

/** Spans for the SDK that was loaded; when there is none, steps run as if nobody looked. */
export function openTelemetrySpans(): Spans {
  const provider = trace.getTracerProvider();
  // The API puts a proxy in front of the SDK; one without a delegate means that no SDK was loaded.
  if (provider instanceof ProxyTracerProvider && provider.getDelegateTracer("postern") === undefined)
    return noSpans;
  const tracer = trace.getTracer("postern");
  return {
    step: (name, work) =>
      tracer.startActiveSpan(name, async (span) => {
        try {
          return await work((attributes) => span.setAttributes(attributes));
        } catch (error) {
          fail(span, error);
          throw error;
        } finally {
          span.end();
        }
      }),
  };
}

/** The code is enough to find the line in the log; the message may say more than a tracing system should keep. */
function fail(span: Span, error: unknown): void {
  span.setStatus({ code: SpanStatusCode.ERROR });
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  span.setAttribute("error.type", typeof code === "string" ? code : "error");
}
