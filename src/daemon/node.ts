import { hostname } from "node:os";
import type { Node } from "../sessions/board.ts";

/** This process among those that share a store: called after its machine, and unlike any other, now and later. */
export function newNode(): Node {
  const name = hostname() || "node";
  return { name, id: `${name}/${crypto.randomUUID().replaceAll("-", "").slice(0, 16)}` };
}
