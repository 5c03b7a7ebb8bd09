import type { Catalog, QualifiedName, Routine } from "../types.ts";
import { mostSimilar } from "./similarity.ts";

/** What a call hands over. */
export type CallArguments =
  /** By name: of a query, a form, CSV or a JSON object. */
  | { readonly kind: "named"; readonly names: readonly string[] }
  /** The keys of a JSON body, which a function with one unnamed json or jsonb parameter takes as a whole. */
  | { readonly kind: "json"; readonly names: readonly string[] }
  /** A body that only a function with one unnamed parameter of this type takes. */
  | { readonly kind: "raw"; readonly type: "text" | "xml" | "bytea" };

export type RoutineSearch =
  | {
      readonly kind: "found";
      readonly routine: Routine;
      /** The whole body is the one unnamed argument. */
      readonly unnamed: boolean;
    }
  | { readonly kind: "none"; readonly suggestion: RoutineSuggestion | undefined }
  | { readonly kind: "ambiguous"; readonly routines: readonly Routine[] };

/** A function that was most likely meant. */
export interface RoutineSuggestion extends QualifiedName {
  /** Its parameters, when the function's name was right. */
  readonly parameters: readonly string[] | undefined;
}

/** As alike as PostgREST wants a function's name to be, and its list of arguments. */
const LEAST_SIMILAR_NAME = 0.33;
const LEAST_SIMILAR_ARGUMENTS = 0.2;

/** The overload that takes exactly these arguments, apart from those with defaults. */
export function findRoutine(catalog: Catalog, name: QualifiedName, given: CallArguments): RoutineSearch {
  const overloads = catalog.routines.get(name.schema)?.get(name.name) ?? [];
  const named = given.kind === "raw" ? [] : overloads.filter((routine) => takes(routine, given.names));
  if (named.length > 0) return chosen(named, false);
  const whole = given.kind === "named" ? [] : overloads.filter((routine) => takesWhole(routine, given));
  if (whole.length > 0) return chosen(whole, true);
  return { kind: "none", suggestion: suggestion(catalog, name, overloads, given) };
}

function chosen(routines: readonly Routine[], unnamed: boolean): RoutineSearch {
  const [routine, second] = routines;
  if (routine === undefined || second !== undefined) return { kind: "ambiguous", routines };
  return { kind: "found", routine, unnamed };
}

/** An unnamed parameter takes nothing by name, not even by an empty one. */
function takes({ parameters }: Routine, names: readonly string[]): boolean {
  if (!names.every((name) => name !== "" && parameters.some((parameter) => parameter.name === name)))
    return false;
  return parameters.every(({ required, name }) => !required || names.includes(name));
}

const JSON_TYPES: readonly string[] = ["json", "jsonb"];

function takesWhole({ parameters }: Routine, given: Exclude<CallArguments, { kind: "named" }>): boolean {
  const [only, second] = parameters;
  if (only === undefined || second !== undefined || only.name !== "") return false;
  return given.kind === "raw" ? only.type === given.type : JSON_TYPES.includes(only.type);
}

/** A raw body has no names to compare, and PostgREST suggests nothing for it. */
function suggestion(
  catalog: Catalog,
  name: QualifiedName,
  overloads: readonly Routine[],
  given: CallArguments,
): RoutineSuggestion | undefined {
  if (given.kind === "raw") return undefined;
  if (overloads.length > 0) return withParameters(name, overloads, given.names);
  const known = catalog.routines.get(name.schema)?.keys() ?? [];
  const near = mostSimilar(name.name, known, LEAST_SIMILAR_NAME);
  return near === undefined ? undefined : { schema: name.schema, name: near, parameters: undefined };
}

function withParameters(
  name: QualifiedName,
  overloads: readonly Routine[],
  names: readonly string[],
): RoutineSuggestion | undefined {
  const lists = new Map(
    overloads
      .map(({ parameters }) => parameters.map((parameter) => parameter.name))
      .filter((parameters) => parameters.length > 0 && !parameters.includes(""))
      .map((parameters) => [parameters.join(", "), parameters]),
  );
  const near = mostSimilar(names.join(", "), lists.keys(), LEAST_SIMILAR_ARGUMENTS);
  const parameters = near === undefined ? undefined : lists.get(near);
  return parameters === undefined ? undefined : { ...name, parameters };
}
