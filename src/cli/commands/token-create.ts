import type { Command } from "commander";
import type { CreatedTokenAnswer } from "../../doors/control/api/routes/tokens.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print, printJson, tell } from "../terminal.ts";
import { legible } from "../text.ts";
import { fromNow } from "../times.ts";

type Words = readonly string[];

interface Options extends ServerOptions {
  readonly name: string;
  readonly expires: string;
  readonly roles?: Words;
  readonly cidr?: Words;
}

/** `postern token create`: makes a personal access token, and shows it this once. */
export function tokenCreateCommand(): Command {
  return serverCommand("create", "make a personal access token, which is shown this once", [
    "postern token create --name laptop --expires 30d > laptop.token",
    "postern token create --name reports --expires 90d --roles analyst --cidr 10.1.0.0/16 > reports.token",
  ])
    .requiredOption("--name <name>", "what you call it")
    .requiredOption("--expires <duration>", "how long it lasts: 8h, 30d")
    .option(
      "--roles <names>",
      "only for these database roles; may be repeated, or several by commas",
      addRoles,
    )
    .option("--cidr <network>", "only from there; may be repeated", addOne)
    .action(create);
}

function addRoles(text: string, words: Words = []): Words {
  return [...words, ...text.split(",")];
}

function addOne(word: string, words: Words = []): Words {
  return [...words, word];
}

/** The token is all that is on standard output, for a file or a pipe. */
async function create({ name, expires: expiresIn, roles, cidr: cidrs, ...options }: Options): Promise<void> {
  const api = await apiOf(options);
  const made = await api.post<CreatedTokenAnswer>("/tokens", { name, expiresIn, roles, cidrs });
  if (options.json === true) return printJson(made);
  const { id, expiresAt } = made.listed;
  tell(legible(`token ${id} "${name}" ends ${fromNow(expiresAt)}; it is shown this once`));
  print(made.token);
}
