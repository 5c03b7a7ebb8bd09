/** The table of drivers and tools in docs/compatibility.md, from what test/interop checks of each. */
import { suites } from "../test/interop/support/suites.ts";

const OPEN = "<!-- clients: generated from test/interop by npm run docs; do not edit until the end mark -->";
const CLOSE = "<!-- /clients -->";

/** What a column shows, and the checks that stand for it. */
const COLUMNS: readonly (readonly [string, RegExp])[] = [
  ["verified TLS", /verified TLS|ALPN|direct TLS|fills a schema|initialises|logs in/],
  ["parameters and prepared statements", /with parameters|prepared statement/],
  ["COPY", /^cop(y|ies)|dumps/],
  ["cancel", /cancel/],
  ["LISTEN", /notification/],
  ["pipeline", /^pipelines/],
  ["direct TLS", /directly|direct TLS/],
];

/** docs/compatibility.md with its table of clients replaced. */
export function renderClients(page: string): string {
  const [before = "", rest = ""] = page.split(OPEN);
  const [, after = ""] = rest.split(CLOSE);
  const head = ["client", "by", ...COLUMNS.map(([name]) => name)];
  const rows = suites.map(({ client, door, checks }) => [
    client.replace(" by OAUTHBEARER", ""),
    door === "oauthbearer" ? "OAUTHBEARER" : "password",
    ...COLUMNS.map(([, shows]) => (checks.some((check) => shows.test(check)) ? "✓" : "")),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const table = [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)];
  return `${before}${OPEN}\n\n${table.join("\n")}\n\n${CLOSE}${after}`;
}
