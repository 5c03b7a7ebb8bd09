/** Asks a running Postern why somebody may log in, or may not: what the store holds and what is granted counts as well. */
import type { ExplainAnswer } from "../doors/control/api/routes/explain.ts";
import type { UserAnswer } from "../doors/control/api/routes/users.ts";
import type { Api } from "./api.ts";
import { printExplained } from "./explained.ts";
import { misuse } from "./failure.ts";
import { readToken } from "./input.ts";
import type { ServerOptions } from "./server.ts";
import { apiOf } from "./server.ts";
import { tell } from "./terminal.ts";
import { findUser, userPath } from "./users.ts";

export interface ThereOptions extends ServerOptions {
  readonly token?: string;
  readonly as?: string;
  readonly asGroup?: readonly string[];
  readonly issuer?: string;
  readonly address?: string;
  readonly cluster?: string;
  readonly database?: string;
  readonly role?: string;
  readonly replication?: boolean;
  readonly rest?: boolean;
  readonly anonymous?: boolean;
}

/** @throws Failure when the login would be denied */
export async function explainThere(options: ThereOptions): Promise<void> {
  const { role, rest = false, database = role, cluster, replication, address } = options;
  checkUse(options);
  if (role === undefined && !rest)
    throw misuse("nothing says which role could be tried; give --role, or --rest where policy chooses");
  if (database === undefined) throw misuse("nothing says which database; give --database");
  const api = await apiOf(options);
  const who = await whom(api, options);
  const asked = { cluster, database, role, replication, address, ...who };
  const answer = await api.post<ExplainAnswer>("/explain", asked);
  if (options.json !== true) tell(`asked ${options.server}`);
  printExplained({ ...answer, database, role: role ?? answer.role }, options.json);
}

function checkUse({ token, as, asGroup, issuer, anonymous = false }: ThereOptions): void {
  if (anonymous)
    throw misuse("--anonymous is answered from the configuration: leave --server and POSTERN_SERVER out");
  if (token !== undefined && as !== undefined) throw misuse("--token and --as were both given; keep one");
  if (as === undefined && (issuer !== undefined || asGroup !== undefined))
    throw misuse("--issuer and --as-group need --as: they are somebody's");
}

/** Whoever bears the token, or is called so, with the groups of their last login; or else who asks. */
async function whom(api: Api, { token, as, issuer, asGroup }: ThereOptions): Promise<object> {
  if (token !== undefined) return { token: await readToken({ token }) };
  if (as === undefined) return {};
  const { subject, username, groups, ...key } = await userOf(api, as, issuer);
  return { as: { issuer: key.issuer, subject, username, groups: asGroup ?? groups } };
}

type Person = Pick<UserAnswer, "issuer" | "subject" | "username" | "groups">;

/** Somebody who was named with their issuer need not have been seen. */
async function userOf(api: Api, name: string, issuer: string | undefined): Promise<Person> {
  if (issuer === undefined) return findUser(api, name);
  const unseen = { issuer, subject: name, username: name, groups: [] };
  return (await api.find<UserAnswer>(userPath(unseen))) ?? unseen;
}
