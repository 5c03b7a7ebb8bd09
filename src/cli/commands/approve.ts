import type { Command } from "commander";
import type { RequestAnswer } from "../../doors/control/api/routes/requests.ts";
import { act, EXAMPLE_ID, printOutcome, requestPath, requestText } from "../requests.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print } from "../terminal.ts";

interface Options extends ServerOptions {
  readonly note?: string;
  readonly digest?: string;
}

/** `postern approve`: says yes to what was asked, and to nothing else. */
export function approveCommand(): Command {
  return serverCommand("approve", "approve an access request: exactly what is shown, or nothing", [
    `postern approve ${EXAMPLE_ID}`,
    `postern approve ${EXAMPLE_ID} --note "as discussed"`,
  ])
    .argument("<id>", "the request's id")
    .option("--note <text>", "why: shown to those concerned, and kept")
    .option("--digest <text>", "the request's digest where you read it; by default, as it is shown here")
    .action(approve);
}

async function approve(id: string, { note, digest, ...options }: Options): Promise<void> {
  const api = await apiOf(options);
  const request = await api.get<RequestAnswer>(requestPath(id));
  if (options.json !== true) print(requestText(request));
  printOutcome(await act(api, id, "approve", { digest: digest ?? request.digest, note }), options.json);
}
