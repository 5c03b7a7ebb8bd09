import type { Command } from "commander";
import type { AbleAnswer } from "../../doors/control/api/routes/rights.ts";
import type { ActOptions } from "../act.ts";
import { actCommand, actOf } from "../act.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf } from "../server.ts";
import { print, printJson, tell } from "../terminal.ts";
import { table } from "../text.ts";
import { fromNow } from "../times.ts";

/** `postern who-can`: everybody who may do something, and by which rules. */
export function whoCanCommand(): Command {
  return actCommand("who-can", "list everybody who may do something, and by which rule", [
    "postern who-can assume databaseroles/shop_owner -n shop",
    "postern who-can delete grants --json",
  ]).action(whoCan);
}

async function whoCan(verb: string, resource: string, options: ServerOptions & ActOptions): Promise<void> {
  const api = await apiOf(options);
  const body = actOf(verb, resource, options);
  const listed = await api.post<{ readonly items: readonly AbleAnswer[] }>("/who-can", body);
  if (options.json === true) return printJson(listed);
  if (listed.items.length === 0) return tell("nobody may do that");
  print(table(["KIND", "NAME", "ENDS", "BY"], listed.items.map(row)));
}

function row({ subject, until, rule }: AbleAnswer): readonly string[] {
  const { kind, name, namespace } = subject;
  return [kind, namespace === undefined ? name : `${namespace}/${name}`, until ? fromNow(until) : "", rule];
}
