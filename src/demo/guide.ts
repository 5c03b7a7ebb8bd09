import type { DemoFiles } from "./demo.ts";
import { SAMPLE_IDENTITIES } from "./sample.ts";

/** What the demo prints once it runs: lines to copy and try. */
export function guide(port: number, files: DemoFiles, { expired }: { readonly expired: string }): string {
  const psql = (user: string, token: string, sql: string) =>
    `  PGPASSWORD=$(cat ${files.token(token)}) psql -U ${user} -c "${sql}"`;
  const people = SAMPLE_IDENTITIES.map(
    ({ name, roles, about, sql }) => `${name} ${about}:\n${psql(roles[0] ?? name, name, sql)}`,
  );
  return `
Postern is open on 127.0.0.1:${port}. A token is the password; there is no other. In another terminal, in this directory:

  export PGHOST=127.0.0.1 PGPORT=${port} PGDATABASE=shop PGSSLMODE=verify-full PGSSLROOTCERT=${files.ca}

${people.join("\n\n")}

cleo as her other role, and what ada may not do:
${psql("analyst", "cleo", "SELECT current_user")}
${psql("analyst", "ada", "DELETE FROM orders")}
${psql("shop_owner", "ada", "SELECT 1")}

An expired token is refused:
${psql("analyst", expired, "SELECT 1")}

Why a token is taken or not, check by check:
  bin/postern explain --config ${files.config} --token-file ${files.token("ada")} --database shop --role shop_owner

The configuration is ${files.config}: change it while Postern runs, and see it taken up.
Stop with Ctrl-C; the next start uses the same database. The demo's files are in ${files.directory}.
`;
}
