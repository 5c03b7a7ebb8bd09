import type { Command } from "commander";
import type { SelfAnswer } from "../../doors/control/api/routes/rights.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print, printJson } from "../terminal.ts";
import { legible } from "../text.ts";
import { fromNow } from "../times.ts";

/** `postern whoami`: who the bearer of the token is, and as whom policy knows them. */
export function whoamiCommand(): Command {
  return serverCommand("whoami", "show who you are to Postern, and under which names policy knows you", [
    "postern whoami",
    "postern whoami --json",
  ]).action(async (options: ServerOptions) => {
    const self = await (await apiOf(options)).get<SelfAnswer>("/whoami");
    if (options.json === true) return printJson(self);
    const lines = [
      `identity   ${self.issuer}:${self.subject}`,
      `username   ${self.username}`,
      `user       ${self.user.name}`,
      ...self.user.groups.map((group) => `group      ${group}`),
      ...(self.expiresAt === undefined ? [] : [`token      ends ${fromNow(self.expiresAt)}`]),
    ];
    for (const line of lines) print(legible(line));
  });
}
