/** Which columns or arguments a body fills, and from what. */
import type { QualifiedName } from "../catalog/types.ts";
import type { Payload } from "../request/types.ts";

/** A body in JSON, sent to the server as it came. */
export interface PayloadRows {
  readonly body: Buffer;
  /** Whether it is one object or an array of objects; `either`: it was not looked at. */
  readonly shape: "object" | "array" | "either";
}

export interface PayloadColumn {
  readonly name: string;
  /** The type to read the value as, in the server's own words. */
  readonly type: string;
  /** A domain representation: the function that reads the value from JSON. */
  readonly parser: QualifiedName | null;
  /** What stands for a key that is missing, in the server's own words; null: null. */
  readonly missing: string | null;
}

const NO_ROWS: PayloadRows = { body: Buffer.from("[]"), shape: "array" };

/** The rows of a body. What is neither an object nor an array holds none. */
export function payloadRows(payload: Payload): PayloadRows {
  switch (payload.kind) {
    case "json":
      return payload.shape === "scalar" ? NO_ROWS : { body: payload.body, shape: payload.shape };
    case "unread-json":
      return { body: payload.body, shape: "either" };
    case "none":
    case "form":
    case "raw":
      throw new TypeError(`a body of kind ${payload.kind} has no rows`);
    default:
      return payload satisfies never;
  }
}

/** The names that a body has values for. */
export function payloadNames(payload: Payload): readonly string[] {
  switch (payload.kind) {
    case "json":
      return payload.keys;
    case "unread-json":
      return payload.columns;
    case "form":
      return payload.pairs.map(({ name }) => name);
    case "none":
    case "raw":
      return [];
    default:
      return payload satisfies never;
  }
}
