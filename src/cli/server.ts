/** Which Postern a command speaks to, as whom. */
import type { Command } from "commander";
import { Option } from "commander";
import type { Api } from "./api.ts";
import { createApi } from "./api.ts";
import { describe, jsonOption } from "./command.ts";
import { Failure, misuse } from "./failure.ts";
import { readText, readToken } from "./input.ts";
import { tell } from "./terminal.ts";

/** Where the control door listens unless it was told otherwise. */
const DEFAULT_SERVER = "http://127.0.0.1:9187";

/** The options of every command that asks a running Postern. */
export interface ServerOptions {
  readonly server: string;
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly json?: boolean;
}

/** Where the control door is. */
export type Place =
  | { readonly kind: "socket"; readonly path: string; readonly text: string }
  | { readonly kind: "url"; readonly url: URL; readonly ca: string | undefined; readonly text: string };

/** In examples, where there would be one of your own. */
export const EXAMPLE_SERVER = "https://postern.example.com";

export function caFileOption(): Option {
  return new Option(
    "--ca-file <file>",
    "certificates (PEM) that the server's must come from; the system's by default",
  );
}

/** A new command that asks a running Postern. */
export function serverCommand(name: string, summary: string, examples: readonly string[]): Command {
  return describe(name, summary, examples)
    .addOption(
      new Option("--server <url>", "Postern's control door: http://…, https://… or unix:/path")
        .env("POSTERN_SERVER")
        .default(DEFAULT_SERVER),
    )
    .option("--token-file <file>", "a file that holds your token (or set POSTERN_TOKEN)")
    .addOption(caFileOption())
    .addOption(jsonOption());
}

/** The API of the Postern that the options name, with the token that they name. */
export async function apiOf({ server, tokenFile, caFile }: ServerOptions): Promise<Api> {
  const place = placeOf(server, caFile);
  if (tokenFile === undefined && process.env["POSTERN_TOKEN"] === undefined)
    throw misuse("no token was given; name a file that holds one with --token-file, or set POSTERN_TOKEN");
  const token = await readToken({ tokenFile });
  // RFC 6750 §2.1; what is none of it is not sent, and not shown either
  if (!/^[\w.~+/-]+=*$/.test(token))
    throw new Failure(
      "what was given is no token: it has characters that no token has; check where it comes from",
    );
  if (place.kind === "url" && isOpenToOthers(place.url))
    tell(`warning: ${place.text} is not encrypted, and your token can be read on the way; use https`);
  return createApi(place, token);
}

function placeOf(server: string, caFile: string | undefined): Place {
  if (server.startsWith("unix:")) return { kind: "socket", path: server.slice("unix:".length), text: server };
  const url = URL.parse(server);
  if (url === null || !/^https?:$/.test(url.protocol))
    throw misuse(`--server "${server}" is no place to ask; write https://host:9187 or unix:/path`);
  if (url.username !== "" || url.password !== "" || url.search !== "")
    throw misuse("--server takes no user, password or query; the token goes into --token-file");
  return { kind: "url", url, ca: caFile === undefined ? undefined : readText(caFile), text: server };
}

function isOpenToOthers({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && !/^(?:localhost|\[::1\]|127(?:\.\d{1,3}){3})$/.test(hostname);
}
