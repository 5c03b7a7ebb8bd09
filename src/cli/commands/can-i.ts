import type { Command } from "commander";
import type { PossibleAnswer } from "../../doors/control/api/routes/rights.ts";
import type { ActOptions } from "../act.ts";
import { actCommand, actOf } from "../act.ts";
import { Failure, misuse } from "../failure.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf } from "../server.ts";
import { print, printJson } from "../terminal.ts";
import { legible } from "../text.ts";
import { fromNow } from "../times.ts";

interface Options extends ServerOptions, ActOptions {
  readonly as?: string;
  readonly asGroup?: readonly string[];
  readonly quiet?: boolean;
}

/** `postern can-i`: whether policy lets somebody do something, and by which rules. */
export function canICommand(): Command {
  return actCommand("can-i", "tell whether you may do something, and by which rule; exit code 1 if not", [
    "postern can-i connect databases/main/shop -n shop",
    "postern can-i assume databaseroles/analyst -n shop --as https://login.example.com:ada --as-group engineers",
    "postern can-i create rolebindings -n shop --quiet && echo yes",
  ])
    .option("--as <user>", "ask for somebody else; it needs the verb `impersonate` on them")
    .option(
      "--as-group <name>",
      "a group of theirs; may be repeated",
      (name, names: readonly string[] = []) => [...names, name],
    )
    .option("-q, --quiet", "say nothing; the exit code tells")
    .action(canI);
}

async function canI(verb: string, resource: string, options: Options): Promise<void> {
  const { as: user, asGroup: groups = [], quiet = false, json = false } = options;
  if (user === undefined && groups.length > 0) throw misuse("--as-group needs --as: groups are somebody's");
  const body = { ...actOf(verb, resource, options), ...(user === undefined ? {} : { as: { user, groups } }) };
  const answer = await (await apiOf(options)).post<PossibleAnswer>("/can-i", body);
  if (json) printJson(answer);
  else if (!quiet) tellAnswer(answer);
  if (!answer.allowed) throw new Failure([]); // the answer is on standard output already
}

function tellAnswer({ allowed, reasons, denial }: PossibleAnswer): void {
  const why = allowed || denial === undefined ? "" : ` - ${legible(denial)}`;
  print(`${allowed ? "yes" : "no"}${why}`);
  for (const { rule, until } of reasons)
    print(legible(`  ${rule}${until === undefined ? "" : `, ends ${fromNow(until)}`}`));
}
