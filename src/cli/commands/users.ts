import type { Command } from "commander";
import type { UserAnswer } from "../../doors/control/api/routes/users.ts";
import type { Api } from "../api.ts";
import { describe } from "../command.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print, printJson, tell } from "../terminal.ts";
import { legible } from "../text.ts";
import { findUser, userPath, userTable, userText } from "../users.ts";

interface NamingOptions extends ServerOptions {
  readonly issuer?: string;
}

/** `postern users`: lists them, unless it is told something else. */
export function usersCommand(): Command {
  return describe("users", "list users, which it does by itself, and shut one out", [
    "postern users disable --help",
  ])
    .addCommand(listCommand(), { isDefault: true })
    .addCommand(showCommand())
    .addCommand(
      deedCommand("disable", {
        summary: "shut a user out at every door, and end their sessions on every node",
        note: "left the company",
        told: "is disabled, and gets in nowhere",
      }),
    )
    .addCommand(
      deedCommand("enable", { summary: "let a user in again", note: "is back", told: "may come in again" }),
    )
    .helpCommand(false);
}

interface ListOptions extends ServerOptions {
  readonly name?: string;
  readonly disabled?: boolean;
}

/** `postern users list`: who has been seen, and when last. */
function listCommand(): Command {
  return serverCommand("list", "list who has been seen at any door, the last first", [
    "postern users list",
    "postern users list --disabled --json",
  ])
    .option("--name <name>", "only those with this username, subject or <issuer>:<subject>")
    .option("--disabled", "only those who are disabled")
    .action(async ({ name, disabled = false, ...options }: ListOptions) => {
      const api = await apiOf(options);
      const query = new URLSearchParams({ disabled: String(disabled), ...(name && { name }) });
      const listed = await api.get<{ readonly items: readonly UserAnswer[] }>(`/users?${query}`);
      if (options.json === true) return printJson(listed);
      if (listed.items.length === 0)
        return tell(disabled ? "nobody is disabled" : "nobody has been seen yet");
      print(userTable(listed.items));
    });
}

/** `postern users show`: what is known of somebody. */
function showCommand(): Command {
  return named(serverCommand("show", "show what is known of a user", ["postern users show max"])).action(
    async (name: string, options: NamingOptions) => {
      const api = await apiOf(options);
      const user = await api.get<UserAnswer>(userPath(await meant(api, name, options)));
      if (options.json === true) printJson(user);
      else print(userText(user));
    },
  );
}

/** How somebody is named, as every command about one user has it. */
function named(command: Command): Command {
  return command
    .argument("<name>", "the username, subject or <issuer>:<subject>; with --issuer, the subject")
    .option("--issuer <issuer>", "the issuer's `iss`: means exactly this user, seen or not");
}

interface Deed {
  readonly summary: string;
  /** A reason, for the example. */
  readonly note: string;
  readonly told: string;
}

function deedCommand(deed: "disable" | "enable", { summary, note, told }: Deed): Command {
  const command = serverCommand(deed, summary, [
    `postern users ${deed} max --reason "${note}"`,
    `postern users ${deed} max --issuer https://login.example.com --reason "${note}"`,
  ]);
  const withReason =
    deed === "disable"
      ? named(command).requiredOption("--reason <text>", "why: kept, and in the ledger")
      : named(command).option("--reason <text>", "why: in the ledger");
  return withReason.action(
    async (name: string, { reason, ...options }: NamingOptions & { readonly reason?: string }) => {
      const api = await apiOf(options);
      const who = await meant(api, name, options);
      const user = await api.post<UserAnswer>(userPath(who, deed), { reason });
      if (options.json === true) printJson(user);
      else print(legible(`user ${user.username} (${user.issuer}:${user.subject}) ${told}`));
    },
  );
}

/** With an issuer, somebody is named by their key, and need not have been seen. */
function meant(
  api: Api,
  name: string,
  { issuer }: NamingOptions,
): Promise<UserAnswer> | Pick<UserAnswer, "issuer" | "subject"> {
  return issuer === undefined ? findUser(api, name) : { issuer, subject: name };
}
