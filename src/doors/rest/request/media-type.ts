/** Media types (RFC 9110 §8.3.1): those that the door makes and reads itself, PostgREST's vendor types among them. */
import type { MediaType, PlanOption } from "./types.ts";

const PLAN_OPTIONS: readonly PlanOption[] = ["analyze", "verbose", "settings", "buffers", "wal"];
/** A plan is of an answer, and not of another plan's; more would only be recursion. */
const JSON_TYPE: MediaType = { kind: "json" };
const ANY: MediaType = { kind: "any" };

const PLAIN: ReadonlyMap<string, MediaType> = new Map<string, MediaType>([
  ["application/json", JSON_TYPE],
  ["application/geo+json", { kind: "geojson" }],
  ["text/csv", { kind: "csv" }],
  ["text/plain", { kind: "text" }],
  ["text/xml", { kind: "xml" }],
  ["application/openapi+json", { kind: "openapi" }],
  ["application/x-www-form-urlencoded", { kind: "form" }],
  ["application/octet-stream", { kind: "octet-stream" }],
  ["*/*", ANY],
]);

const NAMES = {
  json: "application/json",
  geojson: "application/geo+json",
  csv: "text/csv",
  text: "text/plain",
  xml: "text/xml",
  openapi: "application/openapi+json",
  form: "application/x-www-form-urlencoded",
  "octet-stream": "application/octet-stream",
  any: "*/*",
  "array-stripped": "application/vnd.pgrst.array+json;nulls=stripped",
} as const satisfies Partial<Record<MediaType["kind"], string>>;

/** The type as a header writes it. */
export function mediaTypeName(type: MediaType): string {
  switch (type.kind) {
    case "object":
      return `application/vnd.pgrst.object+json${type.stripped ? ";nulls=stripped" : ""}`;
    case "plan": {
      const options = type.options.length === 0 ? "" : `; options=${type.options.join("|")}`;
      return `application/vnd.pgrst.plan+${type.format}; for="${mediaTypeName(type.for)}"${options}`;
    }
    case "other":
      return type.sent;
    default:
      return NAMES[type.kind];
  }
}

/** Reads one type with its parameters. Anything that is none of ours is `other`, however odd. */
export function parseMediaType(text: string): MediaType {
  return PLAIN.get(text) ?? parseWithParameters(text, true);
}

function parseWithParameters(text: string, mayBePlan: boolean): MediaType {
  const [name = "", ...rest] = splitQuoted(text, ";");
  const essence = name.trim().toLowerCase();
  const plain = PLAIN.get(essence);
  if (plain !== undefined) return plain;
  if (!essence.startsWith("application/vnd.pgrst.")) return { kind: "other", essence, sent: text.trim() };
  const parameters = new Map(rest.map(readParameter).reverse());
  const stripped = parameters.get("nulls") === "stripped";
  switch (essence.slice("application/vnd.pgrst.".length)) {
    case "object":
    case "object+json":
      return { kind: "object", stripped };
    case "array":
    case "array+json":
      return stripped ? { kind: "array-stripped" } : JSON_TYPE;
    case "plan":
    case "plan+text":
      return mayBePlan ? planOf(parameters, "text") : JSON_TYPE;
    case "plan+json":
      return mayBePlan ? planOf(parameters, "json") : JSON_TYPE;
    default:
      return { kind: "other", essence, sent: text.trim() };
  }
}

function planOf(parameters: ReadonlyMap<string, string>, format: "json" | "text"): MediaType {
  const asked = (parameters.get("options") ?? "").split("|");
  return {
    kind: "plan",
    for: parseWithParameters(parameters.get("for") ?? "application/json", false),
    format,
    options: PLAN_OPTIONS.filter((option) => asked.includes(option)),
  };
}

function readParameter(text: string): [name: string, value: string] {
  const equals = text.indexOf("=");
  if (equals < 0) return ["", ""];
  const value = text.slice(equals + 1).trim();
  const quoted = value.length >= 2 && value.startsWith('"') && value.endsWith('"');
  return [text.slice(0, equals).trim().toLowerCase(), quoted ? value.slice(1, -1) : value];
}

/** Splits at a character that does not stand between double quotes. */
export function splitQuoted(text: string, separator: string): string[] {
  if (!text.includes('"')) return text.split(separator);
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '"') quoted = !quoted;
    if (quoted || text[at] !== separator) continue;
    parts.push(text.slice(from, at));
    from = at + 1;
  }
  parts.push(text.slice(from));
  return parts;
}
