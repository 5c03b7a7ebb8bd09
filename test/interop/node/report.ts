/** What the programs here have in common: the facts of the connection, and one line of JSON for each check. */
import { readFileSync } from "node:fs";

/** No check takes longer than this: what hangs is a failure with a name. */
const PATIENCE_MS = 120_000;

/** What a check found out and the reader wants to know. */
type Facts = { readonly sqlstate?: string; readonly message?: string };

export interface Check {
  readonly name: string;
  readonly run: () => Promise<Facts | undefined>;
}

/** An environment variable that has to be there. */
export function env(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

/** The connection's facts, as both drivers call them. */
export const door = {
  host: env("PGHOST"),
  port: Number(env("PGPORT")),
  database: env("PGDATABASE"),
  user: env("PGUSER"),
  password: env("PGPASSWORD"),
};

/** Verifies the certificate's name and that it comes from the CA in the file. */
export function trusting(caFile: string): { readonly ca: string } {
  return { ca: readFileSync(caFile, "utf8") };
}

/** OpenSSL's words for a certificate of a CA that is not trusted, without and with that CA in the chain. */
export const UNTRUSTED = /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN)$/;

/** Runs the checks in their order and ends the program. */
export async function report(checks: readonly Check[]): Promise<never> {
  let failed = false;
  for (const { name, run } of checks) {
    try {
      console.log(JSON.stringify({ check: name, ok: true, ...(await inTime(run())) }));
    } catch (error) {
      failed = true;
      console.log(JSON.stringify({ check: name, ok: false, error: String(error) }));
    }
  }
  process.exit(failed ? 1 : 0);
}

function inTime<T>(work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("it took too long")), PATIENCE_MS);
  return Promise.race([work, promise]).finally(() => clearTimeout(timer));
}
