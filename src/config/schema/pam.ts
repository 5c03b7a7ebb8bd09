import { z } from "zod";
import type { DatabaseName } from "../../base/ids.ts";
import { unixSocket } from "./listening.ts";
import { databaseName } from "./values.ts";

/** The database that policy is asked about where nobody says which: PAM knows of none. */
export const ANY_DATABASE = "postgres" as DatabaseName;

export const pamDoor = z.strictObject({
  unixSocket: unixSocket.describe("Where PAM asks. Whoever may connect may ask in everybody's name."),
  cluster: z
    .string()
    .optional()
    .describe("The cluster of questions that name none; the only one by default."),
  database: databaseName
    .default(ANY_DATABASE)
    .describe("The database of questions that name none: PAM is not told which one is to be opened."),
  endSessions: z
    .boolean()
    .default(false)
    .describe(
      "List the sessions that were let in, and end them with their right (SIGTERM, as pg_terminate_backend does); for a Postern on the server's machine that runs as its account or as root.",
    ),
});
