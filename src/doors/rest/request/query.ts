/**
 * The query string. A parameter's last name says what it is: `select`, `columns` and `on_conflict` once for the whole
 * request, `order`, `limit`, `offset`, `and` and `or` for the request or an embedded relation, anything else a filter
 * or, where a function is called with GET, perhaps an argument.
 */
import { Cursor } from "./cursor.ts";
import { parseLogic } from "./logic.ts";
import { parseNames, parsePlace, parseTarget } from "./names.ts";
import { parseComparison, tryComparison } from "./operation.ts";
import { parseOrder } from "./order.ts";
import { splitParameters } from "./parameters.ts";
import { parseCount, rangeOf } from "./ranges.ts";
import { parseSelect, SELECT_ALL } from "./select.ts";
import type { Filter, LogicGroup, OrderTerm, Parameter, Placed, Query, Range } from "./types.ts";

/** Whether a parameter that is no filter is an argument of a function. */
export type Extra = "argument" | "mistake";

export interface ParsedQuery {
  readonly query: Query;
  /** `limit` and `offset` of the request itself. */
  readonly range: Range;
}

/** @param text what follows the question mark, as sent */
export function parseQuery(text: string, extra: Extra): ParsedQuery {
  const parameters = splitParameters(text);
  const reader = new QueryReader(extra);
  for (const parameter of parameters) reader.read(parameter);
  return reader.result(parameters);
}

const NO_RANGES: readonly Placed<Range>[] = [];

class QueryReader {
  readonly #extra: Extra;
  #select: Query["select"] | undefined;
  #onConflict: Query["onConflict"];
  #columns: Query["columns"];
  readonly #filters: Placed<Filter>[] = [];
  readonly #logic: Placed<LogicGroup>[] = [];
  readonly #order: Placed<readonly OrderTerm[]>[] = [];
  readonly #arguments: Parameter[] = [];
  /** The last `limit` and `offset` of each place, by the key without its last name. */
  #limits: Map<string, number | undefined> | undefined;
  #offsets: Map<string, number | undefined> | undefined;

  constructor(extra: Extra) {
    this.#extra = extra;
  }

  read({ name, value }: Parameter): void {
    if (value === undefined) return;
    switch (name) {
      case "select":
        this.#select ??= parseSelect(value);
        return;
      case "columns":
        this.#columns ??= parseNames("columns parameter", value);
        return;
      case "on_conflict":
        this.#onConflict ??= parseNames("on_conflict parameter", value);
        return;
      default:
        this.#placed(name, value);
    }
  }

  result(parameters: readonly Parameter[]): ParsedQuery {
    const range = rangeOf(this.#limits?.get(""), this.#offsets?.get(""));
    const query: Query = {
      select: this.#select ?? SELECT_ALL,
      filters: this.#filters,
      logic: this.#logic,
      order: this.#order,
      ranges: this.#ranges(),
      onConflict: this.#onConflict,
      columns: this.#columns,
      arguments: this.#arguments,
      parameters,
    };
    return { query, range };
  }

  #placed(name: string, value: string): void {
    const dot = name.lastIndexOf(".");
    switch (dot < 0 ? name : name.slice(dot + 1)) {
      case "order":
        this.#order.push({ path: parsePlace(name), item: parseOrder(value) });
        return;
      case "limit":
        this.#limits = (this.#limits ?? new Map()).set(name.slice(0, Math.max(dot, 0)), parseCount(value));
        return;
      case "offset":
        this.#offsets = (this.#offsets ?? new Map()).set(name.slice(0, Math.max(dot, 0)), parseCount(value));
        return;
      case "and":
      case "or":
        this.#logic.push(parseLogic(name, value));
        return;
      default:
        this.#filter(name, value);
    }
  }

  #filter(name: string, value: string): void {
    const cursor = new Cursor("filter", value);
    const { path, field } = parseTarget(name);
    const comparison = this.#extra === "argument" ? tryComparison(cursor) : parseComparison(cursor, "text");
    if (comparison === undefined) this.#arguments.push({ name: field.name, value });
    else this.#filters.push({ path, item: { kind: "filter", field, ...comparison } });
  }

  #ranges(): readonly Placed<Range>[] {
    if (this.#limits === undefined && this.#offsets === undefined) return NO_RANGES;
    const places = new Set([...(this.#limits?.keys() ?? []), ...(this.#offsets?.keys() ?? [])]);
    places.delete("");
    return Array.from(places, (place) => ({
      path: parsePlace(`${place}.limit`),
      item: rangeOf(this.#limits?.get(place), this.#offsets?.get(place)),
    }));
  }
}
