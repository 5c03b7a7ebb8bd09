/** docs/policy-cookbook.md, read as what it is: recipes of objects, and of what people then do and are answered. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

/** One row: somebody does something, and this comes of it. */
export interface CookbookStep {
  readonly who: string;
  readonly groups: readonly string[];
  readonly act: Act;
  readonly does: string;
  readonly answer: string;
}

export type Act =
  | {
      readonly kind: "login";
      readonly cluster: string;
      readonly database: string;
      readonly role: string;
      readonly from: string | undefined;
      readonly withToken: boolean;
    }
  | { readonly kind: "http"; readonly cluster: string; readonly database: string; readonly role?: string }
  | { readonly kind: "ask"; readonly offer: string; readonly breakGlass: boolean }
  | { readonly kind: "answer"; readonly verb: "approve" | "revoke" | "review" }
  | { readonly kind: "apply"; readonly key: string }
  | { readonly kind: "may"; readonly asked: AskedRight }
  | { readonly kind: "who-can"; readonly name: string }
  | { readonly kind: "make-token" }
  | { readonly kind: "wait"; readonly ms: number };

export interface AskedRight {
  readonly verb: string;
  readonly resource: string;
  readonly apiGroup: string;
  readonly name?: string;
  readonly namespace?: string;
}

export interface WrittenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly [field: string]: unknown;
}

export interface Recipe {
  readonly title: string;
  /** What is there from the beginning. */
  readonly objects: readonly WrittenObject[];
  /** What somebody tries to apply in a step, by `kind/namespace/name`. */
  readonly attempts: ReadonlyMap<string, WrittenObject>;
  /** Configuration in the recipe itself. */
  readonly configs: readonly Readonly<Record<string, unknown>>[];
  /** The body that makes a personal token. */
  readonly token: Readonly<Record<string, unknown>> | undefined;
  readonly steps: readonly CookbookStep[];
}

const HEADER = "| who | groups | does | answer |\n|---|---|---|---|\n";
const MINUTE = 60_000;
/** Where offers and clusters of the page are, unless it says otherwise. */
export const NAMESPACE = "prod";

type Captured = Readonly<Record<string, string | undefined>>;

/** Every sentence that the third column can say. */
const SENTENCES: readonly (readonly [RegExp, (groups: Captured) => Act])[] = [
  [
    /^logs in (?<token>with the token )?to (?<cluster>\w+)\/(?<database>\w+) as (?<role>\w+)(?: from (?<from>[\d.]+))?$/,
    ({ token, cluster = "", database = "", role = "", from }) => ({
      kind: "login",
      cluster,
      database,
      role,
      from,
      withToken: token !== undefined,
    }),
  ],
  [
    /^sends a request to (?<cluster>\w+)\/(?<database>\w+)(?: as (?<role>\w+))?$/,
    ({ cluster = "", database = "", role }) => ({
      kind: "http",
      cluster,
      database,
      ...(role === undefined ? {} : { role }),
    }),
  ],
  [/^asks for (?<offer>[\w-]+)$/, ({ offer = "" }) => ({ kind: "ask", offer, breakGlass: false })],
  [/^breaks the glass for (?<offer>[\w-]+)$/, ({ offer = "" }) => ({ kind: "ask", offer, breakGlass: true })],
  [
    /^(?<verb>approve|revoke|review)s$/,
    ({ verb }) => ({ kind: "answer", verb: verb as "approve" | "revoke" | "review" }),
  ],
  [/^applies (?<key>[\w/-]+)$/, ({ key = "" }) => ({ kind: "apply", key })],
  [
    /^may (?<verb>\w+) (?<resource>\w+)(?:\.(?<group>[\w.]+))?(?:\/(?<name>[\w-]+))?(?: in (?<namespace>\w+))?$/,
    ({ verb = "", resource = "", group = "postern.dev", name, namespace }) => {
      const asked = { verb, resource, apiGroup: group };
      const named = name === undefined ? asked : { ...asked, name };
      return { kind: "may", asked: namespace === undefined ? named : { ...named, namespace } };
    },
  ],
  [/^asks who can connect to (?<name>\w+\/\w+)$/, ({ name = "" }) => ({ kind: "who-can", name })],
  [/^makes the token$/, () => ({ kind: "make-token" })],
  [/^after (?<minutes>\d+)m$/, ({ minutes }) => ({ kind: "wait", ms: Number(minutes) * MINUTE })],
];

function actOf(does: string): Act {
  for (const [form, make] of SENTENCES) {
    const match = form.exec(does);
    if (match !== null) return make(match.groups ?? {});
  }
  throw new Error(`docs/policy-cookbook.md says "${does}", which no test understands`);
}

function stepsOf(part: string): CookbookStep[] {
  const rows = part.split(HEADER)[1]?.split("\n\n")[0]?.trim().split("\n") ?? [];
  return rows.map((row) => {
    const [who = "", groups = "", does = "", answer = ""] = row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim());
    const all = groups === "" ? [] : groups.split(", ");
    return { who, groups: all, does, act: actOf(does), answer };
  });
}

function documents(part: string): Readonly<Record<string, unknown>>[] {
  return [...part.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].flatMap(([, yaml = ""]) =>
    parseAllDocuments(yaml).map((one) => one.toJS() as Readonly<Record<string, unknown>>),
  );
}

function isObject(one: Readonly<Record<string, unknown>>): one is WrittenObject {
  return "kind" in one && "metadata" in one;
}

function recipeOf(part: string): Recipe {
  const steps = stepsOf(part);
  const tried = new Set(steps.flatMap(({ act }) => (act.kind === "apply" ? [act.key] : [])));
  const written = documents(part);
  const objects = written.filter(isObject);
  const keyOf = ({ kind, metadata }: WrittenObject) => `${kind}/${metadata.namespace}/${metadata.name}`;
  const [, token] = /^```json\n([\s\S]*?)^```$/m.exec(part) ?? [];
  return {
    title: part.split("\n")[0] ?? "",
    objects: objects.filter((one) => !tried.has(keyOf(one))),
    attempts: new Map(objects.filter((one) => tried.has(keyOf(one))).map((one) => [keyOf(one), one])),
    configs: written.filter((one) => !isObject(one)),
    token: token === undefined ? undefined : (JSON.parse(token) as Readonly<Record<string, unknown>>),
    steps,
  };
}

export const PAGE = readFileSync(join(import.meta.dirname, "../../docs/policy-cookbook.md"), "utf8");
const [intro = "", ...parts] = PAGE.split(/^## /m);

/** The configuration that all recipes stand on. */
export const [commonConfig = {}] = documents(intro);
export const recipes: readonly Recipe[] = parts.map(recipeOf);

/** The recipe of this number. */
export function recipe(number: number): Recipe {
  const found = recipes.find(({ title }) => title.startsWith(`${number}. `));
  if (found === undefined) throw new Error(`docs/policy-cookbook.md has no recipe ${number}`);
  return found;
}
