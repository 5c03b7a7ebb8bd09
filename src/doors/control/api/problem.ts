/** Problem details (RFC 9457): how the API says what went wrong. */
import { z } from "zod";
import type { ErrorSpec } from "../../../base/error.ts";
import type { SessionId } from "../../../base/ids.ts";
import type { ControlErrorCode } from "../errors.ts";
import { controlErrors } from "../errors.ts";
import { fleeting } from "../fleeting.ts";

/** One thing that is wrong with what was sent. */
const fault = z.object({
  at: z.string().describe("Where: `body.reason`, `query.limit`."),
  message: z.string().describe("What is wrong with it, and what to write."),
});

export const problemSchema = z
  .object({
    type: z
      .string()
      .describe("`urn:postern:error:<code>`; codes never change, docs/errors.md explains them."),
    title: z.string().describe("One sentence, the same for each problem of the type."),
    status: z.int().describe("The HTTP status."),
    code: z.string().describe("The code by itself."),
    detail: z.string().optional().describe("What it was this time."),
    instance: z.string().describe("`urn:postern:request:<id>`; the log has the id, too."),
    errors: z.array(fault).optional().describe("Everything that is wrong with the request."),
  })
  .meta({ id: "Problem", title: "Problem" });

/** What went wrong, for clients of the API. */
export type Problem = z.output<typeof problemSchema>;

type Fault = z.output<typeof fault>;

interface ProblemParts {
  readonly code: string;
  readonly spec: ErrorSpec;
  readonly id: SessionId;
  /** Only what the asker knows already, or may know. */
  readonly detail?: string | undefined;
  readonly faults?: readonly Fault[];
}

/** The answer that tells a problem. */
export function problem({ code, spec, id, detail, faults }: ProblemParts): Response {
  const body: z.input<typeof problemSchema> = {
    type: `urn:postern:error:${code}`,
    title: spec.publicMessage,
    status: spec.http,
    code,
    ...(detail === undefined ? {} : { detail }),
    instance: `urn:postern:request:${id}`,
    ...(faults === undefined ? {} : { errors: [...faults] }),
  };
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (spec.http === 401) headers["www-authenticate"] = 'Bearer realm="postern"';
  return Response.json(body, { status: spec.http, headers });
}

/** The refusal of the door itself. */
export function refusal(code: ControlErrorCode, id: SessionId, detail?: string): Response {
  return problem({ code, spec: controlErrors[code], id, detail });
}

/** The refusal of a request that is not what a route takes. */
export function invalid(faults: readonly Fault[], id: SessionId): Response {
  const code = "control/invalid";
  return problem({ code, spec: controlErrors[code], id, faults });
}

/** An answer with the id of its request, under which the log has it. */
export function identified(response: Response, id: SessionId): Response {
  response.headers.set("x-request-id", id);
  return fleeting(response);
}

/** What zod found, as faults. */
export function faultsOf(part: "params" | "query" | "body", error: z.ZodError): readonly Fault[] {
  return error.issues.map(({ path, message }) => ({ at: [part, ...path.map(String)].join("."), message }));
}
