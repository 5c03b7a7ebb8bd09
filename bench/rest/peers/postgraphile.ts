import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { quietPort } from "../../support/ports.ts";
import { ANONYMOUS, SCHEMA } from "../data.ts";
import { startHttpPeer } from "./http-peer.ts";
import type { Bench, Peer } from "./peer.ts";
import { databaseUri, POOL } from "./postern.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
/** Where `missing` says to install it. */
const HOME = `${ROOT}/.postern/bench-rest`;
export const POSTGRAPHILE = `${HOME}/node_modules/postgraphile`;

/** PostGraphile 5: the same questions in GraphQL. It checks each token anew, with its own preset for that. */
export const postgraphile: Peer = {
  name: "postgraphile",
  missing: () => (existsSync(POSTGRAPHILE) ? undefined : `npm i --prefix ${HOME} postgraphile@5`),
  start: async (bench, cases) => {
    const { workspace } = bench.bed;
    const directory = workspace.directoryFor("postgraphile");
    const port = await quietPort();
    const config = workspace.write(directory, "graphile.config.mjs", configuration(bench, port));
    return startHttpPeer(bench, cases, {
      api: "graphql",
      file: `${ROOT}/node_modules/node/bin/node`,
      args: [`${POSTGRAPHILE}/dist/cli-run.js`, "-C", config],
      env: { NODE_ENV: "production", GRAPHILE_ENV: "production" },
      directory,
      port,
    });
  },
};

function configuration(bench: Bench, port: number): string {
  const connection = { connectionString: databaseUri(bench), schemas: [SCHEMA], poolConfig: { max: POOL } };
  const server = {
    port,
    host: "127.0.0.1",
    graphiql: false,
    pgJwtSecret: bench.bed.issuer.publicPem,
    pgJwtVerifyOptions: { algorithms: ["RS256"], audience: null },
  };
  return `import { createRequire } from "node:module";
const load = createRequire(${JSON.stringify(`${POSTGRAPHILE}/package.json`)});
const { PostGraphileAmberPreset } = load("postgraphile/presets/amber");
const { PgLazyJWTPreset } = load("postgraphile/presets/lazy-jwt");
const { makePgService } = load("postgraphile/adaptors/pg");
export default {
  extends: [PostGraphileAmberPreset, PgLazyJWTPreset],
  pgServices: [makePgService(${JSON.stringify(connection)})],
  grafserv: ${JSON.stringify(server)},
  // The preset for tokens sets the role before this is asked, which would win.
  grafast: {
    context: ({ node }) =>
      node.req.headers.authorization === undefined ? { pgSettings: { role: ${JSON.stringify(ANONYMOUS)} } } : {},
  },
  schema: { defaultBehavior: "list connection" },
};
`;
}
