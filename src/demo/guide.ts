import type { DemoFiles } from "./demo.ts";
import { APPROVER, OFFERED_ROLE, POLICY_CLUSTER, REQUESTER } from "./just-in-time.ts";
import { SAMPLE_IDENTITIES } from "./sample.ts";

/** Where the demo's doors are. */
export interface DemoPorts {
  readonly postgres: number;
  readonly rest: number;
  readonly admin: number;
}

/** What the demo prints once it runs: lines to copy and try. */
export function guide(
  ports: DemoPorts,
  files: DemoFiles,
  { expired, request }: { readonly expired: string; readonly request: string },
): string {
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

${onRequest(files, ports.admin, request)}

Who got in, who did not and why, who approved: all of that is in the ledger, and nothing of it was edited:
  bin/postern audit query --since 1h --config ${files.config}
  bin/postern audit verify --config ${files.config}

Why a token is taken or not, check by check:
  bin/postern explain --config ${files.config} --token-file ${files.token("ada")} --database shop --role shop_owner

The configuration is ${files.config}: change it while Postern runs, and see it taken up.
Stop with Ctrl-C; the next start uses the same database. The demo's files are in ${files.directory}.
`;
}

/** Access for a while, from the request to its end. */
function onRequest(files: DemoFiles, admin: number, request: string): string {
  const as = (name: string, command: string) => `  bin/postern ${command} --token-file ${files.token(name)}`;
  const psql = `  PGPASSWORD=$(cat ${files.token(REQUESTER)}) psql -d ${POLICY_CLUSTER}/shop -U ${OFFERED_ROLE} -c "SELECT current_user"`;
  return `Access for a while: ${REQUESTER} has asked to be ${OFFERED_ROLE}, which policy lets nobody be, and ${APPROVER} may say yes.
  export POSTERN_SERVER=http://127.0.0.1:${admin}

Before that psql is refused, afterwards it gets in; revoking the grant cuts every session that it began:
${psql}
${as(APPROVER, "requests")}
${as(APPROVER, `approve ${request}`)}
${psql}
${as(REQUESTER, "grants")}
${as(APPROVER, `revoke ${request}`)}
${psql}

The same for ada, from the beginning:
${as("ada", "offers")}
${as("ada", 'request shop-owner --for 30m --reason "ticket 4712"')}`;
}
