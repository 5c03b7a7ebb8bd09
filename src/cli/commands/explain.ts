import type { Command } from "commander";
import { Option } from "commander";
import { configOption, describe, jsonOption } from "../command.ts";
import { accepted, withWarnings } from "../configuration.ts";
import type { ThereOptions } from "../explain-there.ts";
import { explainThere } from "../explain-there.ts";
import { printExplained } from "../explained.ts";
import { Failure, misuse } from "../failure.ts";
import { readToken } from "../input.ts";
import { caFileOption, EXAMPLE_SERVER } from "../server.ts";

interface Options extends Omit<ThereOptions, "server"> {
  readonly config: string;
  readonly server?: string;
}

/** `postern explain`: the decision about a login, check by check, without a login. */
export function explainCommand(): Command {
  return describe("explain", "show check by check whether somebody gets into a database, and why not", [
    "postern token mint --key jobs.key --subject app | postern explain --token -",
    "postern explain --token-file app.token --database shop --role app --json",
    `postern explain --server ${EXAMPLE_SERVER} --role analyst --database shop`,
    `postern explain --server ${EXAMPLE_SERVER} --as max --as-group engineers --role analyst --database shop`,
  ])
    .addOption(
      new Option(
        "--server <url>",
        "ask a running Postern, whose store and grants count too; without it, the configuration",
      ).env("POSTERN_SERVER"),
    )
    .option(
      "--token <token>",
      "ask about who bears this token, or - to read it from standard input; in an argument others can see it",
    )
    .option(
      "--token-file <file>",
      "a file that holds the token (or set POSTERN_TOKEN); with --server it is your own, about which is asked by default",
    )
    .addOption(caFileOption())
    .option(
      "--as <user>",
      "with --server: ask about this user, by username, subject or <issuer>:<subject>; where claims decide, use --token",
    )
    .option("--issuer <issuer>", "with --as: the issuer's `iss`, and --as is the subject, seen or not")
    .option(
      "--as-group <name>",
      "with --as: a group of theirs, instead of those they last came with; may be repeated",
      (name, names: readonly string[] = []) => [...names, name],
    )
    .option("--address <ip>", "with --server: where they come from; by default where you do")
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

/** A server that is named on the command line, or in the environment where no configuration is. */
async function explain(options: Options, command: Command): Promise<void> {
  const given = (name: string) => command.getOptionValueSource(name) === "cli";
  if (given("server") && given("config"))
    throw misuse("--server and --config were both given; keep the one that is to be asked");
  const { server, as, issuer, asGroup, address } = options;
  if (server !== undefined && !given("config")) return explainThere({ ...options, server });
  if ([as, issuer, asGroup, address].some((each) => each !== undefined))
    throw misuse("--as, --issuer, --as-group and --address need a running Postern; give --server");
  return explainHere(options);
}

async function explainHere(options: Options): Promise<void> {
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
  const { wish, allowed, code, steps } = answer;
  printExplained({ allowed, code, ...wish, steps }, options.json);
}
