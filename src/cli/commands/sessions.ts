import type { Command } from "commander";
import type { SessionAnswer } from "../../doors/control/api/routes/sessions.ts";
import { pathTo } from "../api.ts";
import { describe } from "../command.ts";
import { EXAMPLE_ID } from "../requests.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print, printJson, tell } from "../terminal.ts";
import { legible, table } from "../text.ts";
import { fromNow } from "../times.ts";

/** `postern sessions`: lists them, unless it is told something else. */
export function sessionsCommand(): Command {
  return describe("sessions", "list sessions, which it does by itself, and end them", [
    "postern sessions list --help",
  ])
    .addCommand(listCommand(), { isDefault: true })
    .addCommand(endCommand())
    .helpCommand(false);
}

/** `postern sessions list`: who is in, where, as which role, and for how long yet. */
function listCommand(): Command {
  return serverCommand(
    "list",
    "list the sessions of every node: yours, or everybody's if you may `list` `sessions`",
    ["postern sessions list", "postern sessions list --json"],
  ).action(async (options: ServerOptions) => {
    const listed = await (await apiOf(options)).get<{ readonly items: readonly SessionAnswer[] }>(
      "/sessions",
    );
    if (options.json === true) return printJson(listed);
    if (listed.items.length === 0) return tell("no session runs that you may see");
    print(
      table(
        ["ID", "WHO", "ROLE", "DATABASE", "DOOR", "FROM", "SINCE", "ENDS", "NODE"],
        listed.items.map(row),
      ),
    );
  });
}

function row(session: SessionAnswer): readonly string[] {
  const { id, username, role, cluster, database, door, address, startedAt, until, node } = session;
  const ends = until === undefined ? "" : fromNow(until);
  return [id, username, role, `${cluster}/${database}`, door, address, fromNow(startedAt), ends, node];
}

/** `postern sessions end`: cuts a session, on whichever node it is. */
function endCommand(): Command {
  return serverCommand("end", "end a session, on whichever node it is", [
    `postern sessions end ${EXAMPLE_ID}`,
  ])
    .argument("<id>", "the session's id, as `postern sessions list` shows it")
    .action(async (id: string, options: ServerOptions) => {
      await (await apiOf(options)).delete(pathTo("sessions", id));
      if (options.json === true) printJson({ id });
      else print(legible(`session ${id} is ended`));
    });
}
