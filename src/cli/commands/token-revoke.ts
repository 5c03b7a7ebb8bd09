import type { Command } from "commander";
import type { TokenAnswer } from "../../doors/control/api/routes/tokens.ts";
import { pathTo } from "../api.ts";
import { EXAMPLE_ID } from "../requests.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print, printJson } from "../terminal.ts";
import { legible } from "../text.ts";

/** `postern token revoke`: ends a personal access token for good, and its sessions. */
export function tokenRevokeCommand(): Command {
  return serverCommand("revoke", "revoke a personal access token, and end its sessions", [
    `postern token revoke ${EXAMPLE_ID}`,
  ])
    .argument("<id>", "the token's id, as `postern token list` shows it")
    .action(async (id: string, options: ServerOptions) => {
      const token = await (await apiOf(options)).delete<TokenAnswer>(pathTo("tokens", id));
      if (options.json === true) printJson(token);
      else print(legible(`token ${token.id} "${token.name}" is revoked`));
    });
}
