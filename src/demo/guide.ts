import type { DemoFiles } from "./demo.ts";
import { SAMPLE_IDENTITIES } from "./sample.ts";

/** Where the demo's doors are. */
export interface DemoPorts {
  readonly postgres: number;
  readonly rest: number;
}

/** What the demo prints once it runs: lines to copy and try. */
export function guide(ports: DemoPorts, files: DemoFiles, { expired }: { readonly expired: string }): string {
  const psql = (user: string, token: string, sql: string) =>
    `  PGPASSWORD=$(cat ${files.token(token)}) psql -U ${user} -c "${sql}"`;
  const curl = (request: string, ...more: string[]) =>
    ["  curl -s --cacert", files.ca, `"https://localhost:${ports.rest}/${request}"`, ...more].join(" ");
  const bearing = (token: string) => `-H "Authorization: Bearer $(cat ${files.token(token)})"`;
  const people = SAMPLE_IDENTITIES.map(({ name, roles, about, sql, request }) => {
    const lines = [psql(roles[0] ?? name, name, sql), curl(request, bearing(name))];
    return `${name} ${about}:\n${lines.join("\n")}`;
  });
  const order = `-d '{"product_id": 1, "region": "north", "quantity": 2}'`;
  return `
Postern is open on 127.0.0.1:${ports.postgres} for psql and on 127.0.0.1:${ports.rest} for HTTP. A token is the password; there is no other.
In another terminal, in this directory:

  export PGHOST=127.0.0.1 PGPORT=${ports.postgres} PGDATABASE=shop PGSSLMODE=verify-full PGSSLROOTCERT=${files.ca}

${people.join("\n\n")}

cleo as her other role, and what ada may not do:
${psql("analyst", "cleo", "SELECT current_user")}
${psql("analyst", "ada", "DELETE FROM orders")}
${curl("orders", bearing("ada"), "-X DELETE")}
${psql("shop_owner", "ada", "SELECT 1")}

Over HTTP (PostgREST's API) a visitor without a token sees the products, and ben enters an order of his region:
${curl("products?price=gt.10")}
${curl("orders", bearing("ben"), '-H "Content-Type: application/json" -H "Prefer: return=representation"', order)}

An expired token is refused:
${psql("analyst", expired, "SELECT 1")}
${curl("products", bearing(expired))}

Why a token is taken or not, check by check:
  bin/postern explain --config ${files.config} --token-file ${files.token("ada")} --database shop --role shop_owner

The configuration is ${files.config}: change it while Postern runs, and see it taken up.
Stop with Ctrl-C; the next start uses the same database. The demo's files are in ${files.directory}.
`;
}
