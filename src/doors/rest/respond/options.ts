/** OPTIONS: what can be done with a resource, by the catalog and not by anybody's rights. */
import type { Routine, Table } from "../catalog/types.ts";
import type { HeaderField } from "../errors.ts";
import type { Reply } from "../http/exchange.ts";
import type { RequestHeaders } from "../http/headers.ts";
import type { AllowedOrigins } from "./cors.ts";

const EMPTY = Buffer.alloc(0);

/** The methods of a table or view. PUT needs a key to name the row by. */
export function tableMethods({ insertable, updatable, deletable, primaryKey }: Table): string {
  const methods = ["OPTIONS", "GET", "HEAD"];
  if (insertable) methods.push("POST");
  if (insertable && updatable && primaryKey.length > 0) methods.push("PUT");
  if (updatable) methods.push("PATCH");
  if (deletable) methods.push("DELETE");
  return methods.join(",");
}

/** The methods of a function: one that changes something is not called by GET (RFC 9110 §9.2.1). */
export function routineMethods(overloads: readonly Routine[]): string {
  const changes = overloads.some(({ volatility }) => volatility === "volatile");
  return changes ? "OPTIONS,POST" : "OPTIONS,GET,HEAD,POST";
}

/** The methods of the API's root. */
export const ROOT_METHODS = "OPTIONS,GET,HEAD";

/** Where no origin is listed, all are told that they may ask, also those that do not say who they are. */
export function optionsReply(methods: string, headers: RequestHeaders, allowed: AllowedOrigins): Reply {
  const open = allowed === undefined && headers.get("origin") === undefined;
  const fields: HeaderField[] = [["Allow", methods]];
  if (open) fields.push(["Access-Control-Allow-Origin", "*"]);
  return { status: 200, headers: fields, body: EMPTY };
}
