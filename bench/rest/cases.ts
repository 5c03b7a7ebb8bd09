/** What is asked of every peer. */
import { ITEMS, ORDERS, SHELVES } from "./data.ts";

/** Who asks: all with one token, with few, with a token that no other request has, or without one. */
export type Who = "one token" | "few tokens" | "distinct tokens" | "anonymous";

/** A request; `%ID%` in its target and body stands for a random number. */
export interface Ask {
  readonly method: "GET" | "POST";
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Case {
  readonly name: string;
  readonly title: string;
  readonly who: Who;
  readonly rest: Ask;
  readonly graphql: Ask;
  /** `%ID%` is from 1 to this. */
  readonly ids: number;
  /** The table that it fills. */
  readonly empties?: "notes";
  /** In the right answer for PROBE_ID. */
  readonly shows: { readonly rest: RegExp; readonly graphql: RegExp };
}

/** Stands for itself in a request whose SQL is looked at; no other parameter has this value. */
export const PROBE_ID = 777;

function get(target: string): Ask {
  return { method: "GET", target, headers: {} };
}

function graphql(query: string, variables: string): Ask {
  return {
    method: "POST",
    target: "/graphql",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: `{"query":${JSON.stringify(query)},"variables":${variables}}`,
  };
}

const byId = {
  rest: get("/items?id=eq.%ID%"),
  graphql: graphql("query($id:Int!){itemByRowId(rowId:$id){rowId shelf name price addedAt}}", '{"id":%ID%}'),
  ids: ITEMS,
  shows: {
    rest: /^\[\{"id":777,.*"item 777"/,
    graphql: /^\{"data":\{"itemByRowId":\{"rowId":777,.*"item 777"/,
  },
};

/** In the order in which they are run. */
export const CASES: readonly Case[] = [
  { name: "point", title: "Point read by primary key, few tokens", who: "few tokens", ...byId },
  { name: "single", title: "Point read by primary key, one token", who: "one token", ...byId },
  { name: "anonymous", title: "Point read by primary key, no token", who: "anonymous", ...byId },
  {
    name: "rows",
    title: "Read of 100 rows",
    who: "few tokens",
    rest: get("/items?shelf=eq.%ID%&order=id"),
    graphql: graphql(
      "query($s:Int!){allItemsList(condition:{shelf:$s},orderBy:ROW_ID_ASC){rowId shelf name price addedAt}}",
      '{"s":%ID%}',
    ),
    ids: SHELVES,
    shows: { rest: /"item 776".*"item 99776"/s, graphql: /"item 776".*"item 99776"/ },
  },
  {
    name: "embed",
    title: "One order with its customer, its entries and their items",
    who: "few tokens",
    rest: get(
      "/orders?id=eq.%ID%&select=id,placed_on,customers(name),entries(number,quantity,items(name,price))",
    ),
    graphql: graphql(
      "query($id:Int!){orderByRowId(rowId:$id){rowId placedOn customerByCustomerId{name} entriesByOrderIdList{number quantity itemByItemId{name price}}}}",
      '{"id":%ID%}',
    ),
    ids: ORDERS,
    shows: { rest: /"customer 778".*"item 5441"/, graphql: /"customer 778".*"item 5441"/ },
  },
  {
    name: "insert",
    title: "Insert of one row",
    who: "few tokens",
    rest: {
      method: "POST",
      target: "/notes",
      headers: { "Content-Type": "application/json", Prefer: "return=minimal" },
      body: '{"title":"note","body":"what was noted"}',
    },
    graphql: graphql(
      "mutation($n:NoteInput!){createNote(input:{note:$n}){clientMutationId}}",
      '{"n":{"title":"note","body":"what was noted"}}',
    ),
    ids: ITEMS,
    empties: "notes",
    shows: { rest: /^$/, graphql: /^\{"data":\{"createNote":\{/ },
  },
  {
    name: "rpc",
    title: "Call of a function",
    who: "few tokens",
    rest: get("/rpc/price_of?item_id=%ID%"),
    graphql: graphql("query($id:Int!){priceOf(itemId:$id)}", '{"id":%ID%}'),
    ids: ITEMS,
    shows: { rest: /^1165\.5$/, graphql: /"priceOf":"1165\.5"/ },
  },
  {
    name: "distinct",
    title: "Point read by primary key, no token comes twice and none is remembered",
    who: "distinct tokens",
    ...byId,
  },
];
