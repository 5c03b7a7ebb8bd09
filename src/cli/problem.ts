import type { Problem } from "../doors/control/api/problem.ts";
import { Failure } from "./failure.ts";
import { legible } from "./text.ts";

/** What the API says went wrong, in lines: what, why this time, where in what was sent, and what the log calls it. */
export function problemFailure(value: unknown, status: number): Failure {
  const { title, code, detail, instance, errors } = partsOf(value);
  const what = title ?? `the request failed with status ${status}`;
  const lines = [
    code === undefined ? what : `${what} (${code})`,
    ...(detail === undefined ? [] : [`  ${detail}`]),
    ...(Array.isArray(errors) ? errors.map((fault) => `  ${fault.at}: ${fault.message}`) : []),
    ...(instance === undefined
      ? []
      : [`  request ${instance.replace(REQUEST, "")}: the log tells more by it`]),
  ];
  return new Failure(lines.map(legible));
}

const REQUEST = "urn:postern:request:";

/** A problem of whatever stands in front of Postern may lack any part. */
function partsOf(value: unknown): Partial<Problem> {
  return typeof value === "object" && value !== null ? value : {};
}
