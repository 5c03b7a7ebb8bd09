import { findProgram } from "./find-program.ts";

/**
 * Debian's own place: /usr/bin has a Perl wrapper that takes longer to start than some of what is measured. One
 * version for everybody, so that the client is the same.
 */
const DIRECTORIES = ["/usr/lib/postgresql/15/bin"];

/** A client program of PostgreSQL. @throws Error saying what to install */
export function postgresProgram(name: "pgbench" | "psql"): string {
  const file = findProgram(name, DIRECTORIES);
  if (file === undefined) throw new Error(`${name} is not installed; run: apt-get install postgresql`);
  return file;
}
