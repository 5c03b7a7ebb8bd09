import type { Command } from "commander";
import { act, EXAMPLE_ID, printOutcome } from "../requests.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";

interface Options extends ServerOptions {
  readonly note?: string;
  readonly emergency?: boolean;
}

/** `postern revoke`: ends a grant and every session that rests on it. */
export function revokeCommand(): Command {
  return serverCommand("revoke", "end a grant now, and every session that rests on it", [
    `postern revoke ${EXAMPLE_ID}`,
    `postern revoke ${EXAMPLE_ID} --emergency --note "laptop stolen"`,
  ])
    .argument("<id>", "the request's id, which is the grant's too")
    .option("--note <text>", "why: shown to those concerned, and kept")
    .option("--emergency", "by the right to `delete` `grants`, whoever approved it")
    .action(async (id: string, { note, emergency = false, ...options }: Options) => {
      const api = await apiOf(options);
      printOutcome(await act(api, id, "revoke", { note, emergency }), options.json);
    });
}
