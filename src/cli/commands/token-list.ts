import type { Command } from "commander";
import type { TokenAnswer } from "../../doors/control/api/routes/tokens.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print, printJson, tell } from "../terminal.ts";
import { table } from "../text.ts";
import { fromNow } from "../times.ts";

interface Options extends ServerOptions {
  readonly all?: boolean;
}

/** `postern token list`: personal access tokens, without what is secret in them. */
export function tokenListCommand(): Command {
  return serverCommand("list", "list your personal access tokens, with their last use", [
    "postern token list",
    "postern token list --all --json",
  ])
    .option("--all", "everybody's, if you may `list` `personaltokens`")
    .action(list);
}

async function list({ all = false, json, ...options }: Options): Promise<void> {
  const api = await apiOf(options);
  const listed = await api.get<{ readonly items: readonly TokenAnswer[] }>(`/tokens?all=${all}`);
  if (json === true) return printJson(listed);
  if (listed.items.length === 0) return tell("there is no personal access token");
  print(table(["ID", "NAME", "OWNER", "ROLES", "FROM", "ENDS", "LAST USED"], listed.items.map(row)));
}

function row(token: TokenAnswer): readonly string[] {
  const { id, name, owner, roles, cidrs, expiresAt, revokedAt, lastUsedAt, lastUsedFrom } = token;
  const ends = revokedAt === undefined ? fromNow(expiresAt) : `revoked ${fromNow(revokedAt)}`;
  const used =
    lastUsedAt === undefined ? "never" : `${fromNow(lastUsedAt)} from ${lastUsedFrom ?? "anywhere"}`;
  return [id, name, owner.username, roles?.join(",") ?? "all", cidrs?.join(",") ?? "anywhere", ends, used];
}
