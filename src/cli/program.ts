import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { describe } from "./command.ts";
import { applyCommand } from "./commands/apply.ts";
import { approveCommand } from "./commands/approve.ts";
import { auditExportCommand } from "./commands/audit-export.ts";
import { auditKeyCommand } from "./commands/audit-key.ts";
import { auditQueryCommand } from "./commands/audit-query.ts";
import { auditTailCommand } from "./commands/audit-tail.ts";
import { auditVerifyCommand } from "./commands/audit-verify.ts";
import { canICommand } from "./commands/can-i.ts";
import { checkCommand } from "./commands/check.ts";
import { completionCommand } from "./commands/completion.ts";
import { createCommand } from "./commands/create.ts";
import { deleteCommand } from "./commands/delete.ts";
import { demoCommand } from "./commands/demo.ts";
import { denyCommand } from "./commands/deny.ts";
import { explainCommand } from "./commands/explain.ts";
import { getCommand } from "./commands/get.ts";
import { grantsCommand } from "./commands/grants.ts";
import { keysJwksCommand } from "./commands/keys-jwks.ts";
import { keysNewCommand } from "./commands/keys-new.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { offersCommand } from "./commands/offers.ts";
import { pamCommand } from "./commands/pam.ts";
import { proxyCommand } from "./commands/proxy.ts";
import { requestCommand } from "./commands/request.ts";
import { requestsCommand } from "./commands/requests.ts";
import { restCommand } from "./commands/rest.ts";
import { reviewCommand } from "./commands/review.ts";
import { revokeCommand } from "./commands/revoke.ts";
import { sessionsCommand } from "./commands/sessions.ts";
import { startCommand } from "./commands/start.ts";
import { tokenCreateCommand } from "./commands/token-create.ts";
import { tokenInspectCommand } from "./commands/token-inspect.ts";
import { tokenListCommand } from "./commands/token-list.ts";
import { tokenMintCommand } from "./commands/token-mint.ts";
import { tokenRevokeCommand } from "./commands/token-revoke.ts";
import { usersCommand } from "./commands/users.ts";
import { whoCanCommand } from "./commands/who-can.ts";
import { whoamiCommand } from "./commands/whoami.ts";
import { withdrawCommand } from "./commands/withdraw.ts";

/** The whole command tree. Commands load what they need only when they run. */
export function createProgram(): Command {
  const program = describe(
    "postern",
    "The access gateway for PostgreSQL: a short-lived token is the password.",
    ["postern demo", "postern check && postern start"],
  )
    .version(version(), "-V, --version", "print the version")
    .addCommand(startCommand())
    .addCommand(demoCommand())
    .addCommand(proxyCommand())
    .addCommand(restCommand())
    .addCommand(checkCommand())
    .addCommand(migrateCommand())
    .addCommand(explainCommand())
    .addCommand(
      group(
        "keys",
        "make and show keys",
        [keysNewCommand(), keysJwksCommand()],
        "postern keys new --out reports",
      ),
    )
    .addCommand(
      group(
        "token",
        "make and show tokens",
        [
          tokenCreateCommand(),
          tokenListCommand(),
          tokenRevokeCommand(),
          tokenMintCommand(),
          tokenInspectCommand(),
        ],
        "postern token mint --help",
      ),
    )
    .addCommand(whoamiCommand())
    .addCommand(canICommand())
    .addCommand(whoCanCommand())
    .addCommand(getCommand())
    .addCommand(applyCommand())
    .addCommand(createCommand())
    .addCommand(deleteCommand())
    .addCommand(offersCommand())
    .addCommand(requestCommand())
    .addCommand(requestsCommand())
    .addCommand(approveCommand())
    .addCommand(denyCommand())
    .addCommand(withdrawCommand())
    .addCommand(reviewCommand())
    .addCommand(grantsCommand())
    .addCommand(revokeCommand())
    .addCommand(sessionsCommand())
    .addCommand(usersCommand())
    .addCommand(
      group(
        "audit",
        "read and verify the ledger",
        [
          auditTailCommand(),
          auditQueryCommand(),
          auditVerifyCommand(),
          auditExportCommand(),
          auditKeyCommand(),
        ],
        "postern audit verify --help",
      ),
    )
    .addCommand(pamCommand())
    .addCommand(completionCommand(() => program));
  return program.helpCommand(false);
}

function group(name: string, summary: string, commands: readonly Command[], example: string): Command {
  const command = describe(name, summary, [example]);
  for (const child of commands) command.addCommand(child);
  return command.helpCommand(false);
}

function version(): string {
  const text = readFileSync(join(import.meta.dirname, "../../package.json"), "utf8");
  const { version: found } = JSON.parse(text) as { readonly version: string };
  return found;
}
