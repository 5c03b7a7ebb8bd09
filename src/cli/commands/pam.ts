import type { Command } from "commander";
import { describe } from "../command.ts";

/**
 * `postern pam`: what pam_exec.so runs. The launcher starts src/cli/pam-helper.ts for it at once, since a login waits;
 * what is here is its place in the help, and what runs where the launcher was gone around.
 */
export function pamCommand(): Command {
  return describe("pam", "answer PAM about a login to PostgreSQL; run by pam_exec.so expose_authtok", [
    "PAM_TYPE=auth PAM_USER=app PAM_RHOST=192.0.2.1 postern pam socket=/run/postern/pam.sock < app.token || echo refused",
  ])
    .argument("<name=value...>", "socket=, or apiUrl=, or jwks= and mappings=; passwords=; see docs/pam.md")
    .action(async (args: readonly string[]) => {
      const { runPamHelper } = await import("../../daemon/pam/helper.ts");
      process.exit(await runPamHelper(args));
    });
}
