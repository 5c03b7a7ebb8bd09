/**
 * ApiRequest + Payload + Catalog → which function is called, and with what ("Functions as RPC" in PostgREST's
 * documentation).
 */
import type { CallArguments, RoutineSuggestion } from "../catalog/find/routine.ts";
import { findRoutine } from "../catalog/find/routine.ts";
import type { Catalog, QualifiedName, Routine, RoutineParameter, RoutineReturn } from "../catalog/types.ts";
import { ambiguousFunction, maxAffectedNeedsSet, noFunction } from "../refusals.ts";
import type { ApiRequest, MediaType, Payload } from "../request/types.ts";
import type { ReadSettings } from "./context.ts";
import type { PayloadColumn, PayloadRows } from "./payload.ts";
import { payloadNames, payloadRows } from "./payload.ts";

export interface CallRequest {
  readonly catalog: Catalog;
  readonly settings: ReadSettings;
  readonly request: ApiRequest;
  readonly payload: Payload;
}

/** The function that takes what was sent. */
export interface FoundCall {
  readonly routine: Routine;
  readonly arguments: CallValues;
}

export type CallValues =
  /** Of a query or a form: texts, which the server reads as the parameters' types. */
  | { readonly kind: "texts"; readonly values: readonly TextArgument[] }
  /** The members of a JSON object. */
  | { readonly kind: "json"; readonly rows: PayloadRows; readonly columns: readonly JsonArgument[] }
  /** The body itself is the one unnamed argument. */
  | { readonly kind: "whole"; readonly body: Buffer | readonly Buffer[]; readonly type: string };

export interface TextArgument {
  readonly parameter: RoutineParameter;
  /** More than one only where the parameter is variadic. */
  readonly values: readonly string[];
}

export interface JsonArgument extends PayloadColumn {
  readonly variadic: boolean;
}

// --- Which function -----------------------------------------------------------------------------------------------

/** @throws RestError PGRST128, 202, 203 */
export function findCall({ catalog, request, payload }: CallRequest): FoundCall {
  const { action, schema, preferences } = request;
  if (action.kind !== "call") throw new TypeError(`${action.kind} calls no function`);
  const name = { schema, name: action.routine };
  const given = givenArguments(request, payload);
  const found = findRoutine(catalog, name, given);
  switch (found.kind) {
    case "ambiguous":
      throw ambiguousFunction(found.routines.map(signature));
    case "none":
      throw notFound(name, given, request.contentType, found.suggestion);
    case "found": {
      const { routine, unnamed } = found;
      const affected = preferences.handling === "strict" && preferences.maxAffected !== undefined;
      if (affected && !returnsSet(routine.returns)) throw maxAffectedNeedsSet();
      return {
        routine,
        arguments: unnamed ? wholeBody(routine, payload) : valuesOf(routine, request, payload),
      };
    }
    default:
      return found satisfies never;
  }
}

/**
 * Looks only whether there is a function of that name, whatever it takes.
 * @throws RestError PGRST202
 */
export function mustExist(catalog: Catalog, schema: string, name: string): void {
  const none = { kind: "named", names: [] } as const;
  const found = findRoutine(catalog, { schema, name }, none);
  if (found.kind !== "none" || catalog.routines.get(schema)?.has(name) === true) return;
  const { suggestion } = found;
  throw noFunction({
    message: `Could not find the function ${schema}.${name} in the schema cache`,
    details: undefined,
    hint: suggestion === undefined ? undefined : hintOf(suggestion),
  });
}

function givenArguments({ query, contentType }: ApiRequest, payload: Payload): CallArguments {
  switch (payload.kind) {
    case "none":
      return { kind: "named", names: unique(query.arguments.map(({ name }) => name)) };
    case "json":
    case "unread-json":
      return { kind: contentType.kind === "json" ? "json" : "named", names: unique(payloadNames(payload)) };
    case "form":
      return { kind: "named", names: unique(payloadNames(payload)) };
    case "raw":
      return { kind: "raw", type: rawType(contentType) };
    default:
      return payload satisfies never;
  }
}

/** In the order in which errors name them. */
function unique(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

function rawType({ kind }: MediaType): "text" | "xml" | "bytea" {
  return kind === "text" || kind === "xml" ? kind : "bytea";
}

function signature({ schema, name, parameters }: Routine): string {
  const list = parameters.map((parameter) => `${parameter.name} => ${parameter.type}`);
  return `${schema}.${name}(${list.join(", ")})`;
}

function notFound(
  { schema, name }: QualifiedName,
  given: CallArguments,
  contentType: MediaType,
  suggestion: RoutineSuggestion | undefined,
) {
  const routine = `${schema}.${name}`;
  if (given.kind === "raw")
    return noFunction({
      message: `Could not find the function ${routine} in the schema cache`,
      details: `Searched for the function ${routine} with a single unnamed ${given.type} parameter, but no matches were found in the schema cache.`,
      hint: undefined,
    });
  const names = given.names.join(", ");
  const none = given.names.length === 0;
  const listed = none ? " without parameters" : `(${names})`;
  const searched = none
    ? " without parameters"
    : ` with parameter${given.names.length > 1 ? "s" : ""} ${names}`;
  const whole =
    contentType.kind === "json" && given.kind === "json"
      ? " or with a single unnamed json/jsonb parameter"
      : "";
  return noFunction({
    message: `Could not find the function ${routine}${listed} in the schema cache`,
    details: `Searched for the function ${routine}${searched}${whole}, but no matches were found in the schema cache.`,
    hint: suggestion === undefined ? undefined : hintOf(suggestion),
  });
}

function hintOf({ schema, name, parameters }: RoutineSuggestion): string {
  const list = parameters === undefined ? "" : `(${parameters.toSorted().join(", ")})`;
  return `Perhaps you meant to call the function ${schema}.${name}${list}`;
}

// --- With what ----------------------------------------------------------------------------------------------------

function wholeBody({ parameters }: Routine, payload: Payload): CallValues {
  if (payload.kind !== "json" && payload.kind !== "unread-json" && payload.kind !== "raw")
    throw new TypeError(`a body of kind ${payload.kind} is no argument`);
  return { kind: "whole", body: payload.body, type: parameters[0]?.type ?? "text" };
}

function valuesOf({ parameters }: Routine, { query }: ApiRequest, payload: Payload): CallValues {
  if (payload.kind === "none") return texts(parameters, query.arguments);
  if (payload.kind === "form") return texts(parameters, payload.pairs);
  const names = new Set(payloadNames(payload));
  const columns = parameters.filter(({ name }) => names.has(name)).map(jsonArgument);
  if (columns.length === 0) return { kind: "texts", values: [] };
  return { kind: "json", rows: payloadRows(payload), columns };
}

function jsonArgument({ name, castType, variadic }: RoutineParameter): JsonArgument {
  return { name, type: castType, parser: null, missing: null, variadic };
}

/** Of a repeated name the last value counts, unless the parameter is variadic. */
function texts(
  parameters: readonly RoutineParameter[],
  sent: readonly { readonly name: string; readonly value: string | undefined }[],
): CallValues {
  const values = parameters.flatMap((parameter) => {
    const given = sent.flatMap(({ name, value }) => (name === parameter.name ? [value ?? ""] : []));
    if (given.length === 0) return [];
    return [{ parameter, values: parameter.variadic ? given : given.slice(-1) }];
  });
  return { kind: "texts", values };
}

/** Whether there can be any number of rows. */
export function returnsSet(returns: RoutineReturn): boolean {
  return returns.kind !== "void" && returns.setOf;
}
