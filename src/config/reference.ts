import { stringify } from "yaml";
import { envPart } from "./overlay.ts";
import type { Shape } from "./shape.ts";
import { rootShape } from "./shape.ts";

/** One table of docs/configuration.md: the settings of one map. */
interface Section {
  /** `clusters[].tls`, or `clusters[].login` with `method: trust` beside it. */
  readonly title: string;
  readonly about: string;
  readonly shape: Shape;
  /** The variable's name up to these settings. */
  readonly env: string;
}

/** Where the list of settings begins in the page; what is above is written by hand. */
const MARK = "<!-- settings: generated from src/config/schema by npm run docs; do not edit below -->";
const EXAMPLE = /(<!-- example -->\n)[\s\S]*?(<!-- \/example -->)/;

/** docs/configuration.md anew: the hand-written part kept, the example and the tables replaced. */
export function renderPage(page: string, example: string): string {
  const [prose = ""] = page.split(MARK);
  const shown = `$1\`\`\`yaml\n${example.trimEnd().replaceAll("$", "$$$$")}\n\`\`\`\n$2`;
  const tables = sectionsOf({ title: "", about: "", shape: rootShape(), env: "POSTERN" }).map(renderSection);
  return `${prose.trimEnd().replace(EXAMPLE, shown)}\n\n${MARK}\n\n${tables.join("\n\n")}\n`;
}

/** docs/postern.schema.json: what editors complete and check `postern.yaml` with. */
export function renderEditorSchema(): string {
  const { $schema, ...shape } = rootShape() as Shape & { $schema?: string };
  return `${JSON.stringify({ $schema, title: "postern.yaml", ...shape }, null, 2)}\n`;
}

/** A section and the sections of the maps inside it, in the order of the schema. */
function sectionsOf(section: Section): Section[] {
  const { shape } = section;
  const alternatives = shape.oneOf ?? [];
  if (alternatives.length > 0) return alternatives.flatMap((one) => sectionsOf(alternative(section, one)));
  const inner = Object.entries(shape.properties ?? {}).flatMap(([name, child]) => {
    const list = child.items !== undefined;
    const part = `${section.env}__${envPart(name)}${list ? "__<n>" : ""}`;
    const title = `${section.title === "" ? "" : `${section.title}.`}${name}${list ? "[]" : ""}`;
    const member = child.items ?? child;
    if (!isMap(member)) return [];
    return sectionsOf({ title, about: child.description ?? "", shape: member, env: part });
  });
  return [section, ...inner];
}

/** One alternative of a union, told apart by the setting with a fixed value. */
function alternative({ title, about, env }: Section, shape: Shape): Section {
  const [name, fixed] =
    Object.entries(shape.properties ?? {}).find(([, child]) => child.const !== undefined) ?? [];
  const which = name === undefined ? "" : `\`${name}: ${String(fixed?.const)}\``;
  const meaning = [about, fixed?.description ?? ""].filter((text) => text !== "").join(" ");
  return { title: `${title} ${which}`, about: meaning, env, shape };
}

/** Whether a shape has settings of its own to list. Secrets are described once, in the prose. */
function isMap(shape: Shape): boolean {
  if (shape.secret === true || shape.title === "JWK") return false;
  return shape.properties !== undefined || (shape.oneOf?.some(isMap) ?? false);
}

function renderSection(section: Section): string {
  const { title, about, shape } = section;
  const heading = title === "" ? "## Settings" : `### ${title.includes("`") ? title : `\`${title}\``}`;
  const rows = Object.entries(shape.properties ?? {}).map(([name, child]) => row(section, name, child));
  const table = ["| setting | type | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
  return [heading, about, table].filter((text) => text !== "").join("\n\n");
}

function row({ shape, env }: Section, name: string, child: Shape): string {
  const required = shape.required?.includes(name) ?? false;
  const cells = [
    `\`${name}\`<br>\`${env}__${envPart(name)}\``,
    typeText(child),
    required ? "required" : defaultText(child.default),
    child.description ?? "",
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function defaultText(value: unknown): string {
  if (value === undefined || (typeof value === "object" && value !== null && Object.keys(value).length === 0))
    return Array.isArray(value) ? "none" : "";
  if (Array.isArray(value)) return value.map((entry) => `\`${String(entry)}\``).join(", ");
  return `\`${typeof value === "object" ? stringify(value).trim() : String(value)}\``;
}

/** What may be written, in words. */
function typeText(shape: Shape): string {
  if (shape.secret === true) return "secret";
  if (shape.title !== undefined) return shape.title;
  if (shape.enum !== undefined) return shape.enum.map((value) => `\`${String(value)}\``).join(", ");
  if (shape.const !== undefined) return `\`${String(shape.const)}\``;
  if (shape.anyOf !== undefined) return shape.anyOf.map(typeText).join(" or ");
  if (shape.items !== undefined)
    return `list of ${isMap(shape.items) ? "settings, see below" : typeText(shape.items)}`;
  if (typeof shape.additionalProperties === "object")
    return `map of name to ${typeText(shape.additionalProperties)}`;
  if (isMap(shape)) return "settings, see below";
  return scalarText(shape);
}

function scalarText({ type, format, minimum, maximum }: Shape): string {
  if (type === "boolean") return "`true`, `false`";
  if (type === "integer") {
    if (minimum === undefined) return "whole number";
    const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
    return bounded ? `whole number, ${minimum} to ${maximum}` : `whole number, at least ${minimum}`;
  }
  if (format === "path" || format === "secret-path" || format === "new-path") return "path";
  return format === "uri" ? "URL" : "text";
}
