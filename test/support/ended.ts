import type pg from "pg";

/** Resolves with the error that ends a session from outside; the one of the closed connection comes after it. */
export function ended(client: pg.Client): Promise<Error & { code?: string }> {
  return new Promise((resolve) => client.on("error", resolve));
}
