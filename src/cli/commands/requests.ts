import type { Command } from "commander";
import { Option } from "commander";
import type { RequestAnswer } from "../../doors/control/api/routes/requests.ts";
import type { Api } from "../api.ts";
import { EXAMPLE_ID, requestPath, requestTable, requestText } from "../requests.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print, printJson, tell } from "../terminal.ts";

interface Options extends ServerOptions {
  readonly all?: boolean;
  readonly mine?: boolean;
  readonly unreviewed?: boolean;
}

/** `postern requests`: the access requests that concern the asker. */
export function requestsCommand(): Command {
  return serverCommand("requests", "list the access requests that concern you, or show one", [
    "postern requests",
    "postern requests --mine --all",
    "postern requests --unreviewed",
    `postern requests ${EXAMPLE_ID}`,
  ])
    .argument("[id]", "one request, with all that is to know of it")
    .option("--all", "those that have come to their end, too")
    .option("--mine", "only your own")
    .addOption(new Option("--unreviewed", "only those taken in an emergency that nobody has reviewed"))
    .action(async (id: string | undefined, options: Options) => {
      const api = await apiOf(options);
      if (id === undefined) await list(api, options);
      else await show(api, id, options);
    });
}

async function show(api: Api, id: string, { json }: Options): Promise<void> {
  const request = await api.get<RequestAnswer>(requestPath(id));
  if (json === true) printJson(request);
  else print(requestText(request));
}

const NOTHING_OPEN = "no request is waiting or granted that concerns you";
const NOTHING_TO_REVIEW = "nothing that was taken in an emergency waits for its review";

async function list(
  api: Api,
  { all = false, mine = false, unreviewed = false, json }: Options,
): Promise<void> {
  const query = new URLSearchParams({
    state: all || unreviewed ? "all" : "open",
    mine: String(mine),
    unreviewed: String(unreviewed),
  });
  const listed = await api.get<{ readonly items: readonly RequestAnswer[] }>(`/accessrequests?${query}`);
  if (json === true) printJson(listed);
  else if (listed.items.length === 0) tell(unreviewed ? NOTHING_TO_REVIEW : NOTHING_OPEN);
  else print(requestTable(listed.items));
}
