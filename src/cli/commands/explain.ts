import type { Command } from "commander";
import { configOption, describe, jsonOption } from "../command.ts";
import { accepted, withWarnings } from "../configuration.ts";
import { Failure, misuse } from "../failure.ts";
import { readToken } from "../input.ts";
import { paint, print, printJson } from "../terminal.ts";

interface Options {
  readonly config: string;
  readonly token?: string;
  readonly tokenFile?: string;
  readonly cluster?: string;
  readonly database?: string;
  readonly role?: string;
  readonly replication?: boolean;
  readonly rest?: boolean;
  readonly anonymous?: boolean;
  readonly json?: boolean;
}

/** `postern explain`: the decision about a login, check by check, without a login. */
export function explainCommand(): Command {
  return describe("explain", "show check by check whether a token opens a database, and why not", [
    "postern token mint --key jobs.key --subject app | postern explain --token -",
    "postern explain --token-file app.token --database shop --role app --json",
  ])
    .option(
      "--token <token>",
      "the token, or - to read it from standard input; in an argument others can see it",
    )
    .option("--token-file <file>", "a file that holds the token (or set POSTERN_TOKEN)")
    .option("--cluster <name>", "the cluster; without it the one where clients go that name none")
    .option("--database <name>", "the database; without it the one named like the role")
    .option("--role <name>", "the database role; without it the first that the token names")
    .option("--replication", "ask for a replication connection")
    .option("--rest", "ask as a request of the REST door does, which names no database and no role")
    .option("--anonymous", "ask without a token; with --rest only")
    .addOption(configOption())
    .addOption(jsonOption())
    .action(explain);
}

async function explain(options: Options): Promise<void> {
  const { rest = false, anonymous = false } = options;
  if (anonymous && !rest) throw misuse("--anonymous needs --rest: other doors always want a token");
  const token = anonymous ? undefined : await readToken(options);
  const { loadConfig } = await import("../../config/load.ts");
  const { config } = accepted(withWarnings(loadConfig({ file: options.config, env: process.env })));
  const { explainToken } = await import("../../daemon/offline.ts");
  const { cluster, database, role, replication = false } = options;
  const door = rest ? "rest" : "postgres";
  const question = { token, door, cluster, database, role, replication } as const;
  const answer = await explainToken(config, question);
  if (answer.kind === "unanswerable") throw new Failure(answer.message);
  const { steps, allowed, code, message, wish } = answer;
  if (options.json) printJson({ allowed, code, ...wish, steps });
  else {
    const role = wish.role === undefined ? "no role" : `role "${wish.role}"`;
    print(`${role}, database "${wish.database}", cluster "${wish.cluster}"`);
    for (const { passed, check, saw } of steps)
      print(`${passed ? paint("green", "pass") : paint("red", "FAIL")}  ${check}: ${saw}`);
    if (allowed) print(paint("green", "allowed"));
  }
  if (!allowed) throw new Failure(`denied (${code ?? "access"}): ${message}`);
}
