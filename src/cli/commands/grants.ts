import type { Command } from "commander";
import type { RequestAnswer } from "../../doors/control/api/routes/requests.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print, printJson, tell } from "../terminal.ts";
import { table } from "../text.ts";
import { fromNow } from "../times.ts";

interface Options extends ServerOptions {
  readonly mine?: boolean;
}

/** `postern grants`: who has what for how long yet. */
export function grantsCommand(): Command {
  return serverCommand("grants", "list the grants that concern you, and how long they last yet", [
    "postern grants",
    "postern grants --mine --json",
  ])
    .option("--mine", "only your own")
    .action(grants);
}

async function grants({ mine = false, json, ...options }: Options): Promise<void> {
  const api = await apiOf(options);
  const listed = await api.get<{ readonly items: readonly RequestAnswer[] }>(`/accessrequests?mine=${mine}`);
  const items = listed.items.filter(({ startsAt }) => startsAt !== undefined);
  if (json === true) return printJson({ items });
  if (items.length === 0) return tell("nothing is granted for a while that concerns you");
  const heads = ["ID", "BEARER", "GIVES", "NAMESPACE", "ENDS", "USES", "STATE"];
  print(table(heads, items.map(row)));
}

function row({
  id,
  requester,
  role,
  namespace,
  until,
  uses,
  maxUses,
  state,
}: RequestAnswer): readonly string[] {
  const ends = until === undefined ? "" : fromNow(until);
  const used = maxUses === undefined ? String(uses) : `${uses} of ${maxUses}`;
  return [id, requester.username, `${role.kind}/${role.name}`, namespace, ends, used, state];
}
