import type { Command } from "commander";
import { act, EXAMPLE_ID, printOutcome } from "../requests.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";

interface Options extends ServerOptions {
  readonly note: string;
}

/** `postern review`: says what was found about access taken in an emergency. */
export function reviewCommand(): Command {
  return serverCommand("review", "say what you found about access that was taken in an emergency", [
    `postern review ${EXAMPLE_ID} --note "justified: incident 17"`,
  ])
    .argument("<id>", "the request's id")
    .requiredOption("--note <text>", "what you found: kept")
    .action(async (id: string, { note, ...options }: Options) => {
      const api = await apiOf(options);
      printOutcome(await act(api, id, "review", { note }), options.json);
    });
}
