import { list, optionValues } from "../support/option-values.ts";
import { CASES, type Case } from "./cases.ts";
import { PEERS } from "./peers/all.ts";

const MEMORY = "memory";
const ALL = [...CASES.map(({ name }) => name), MEMORY];
const ALL_PEERS = PEERS.map(({ name }) => name);

/** How much is measured. */
export interface Settings {
  readonly rounds: number;
  /** The length of one run of wrk or pgbench. */
  readonly seconds: number;
  readonly clients: number;
  /** Before the first reading, for each case: until then compilers take up to a third of a gateway's CPU. */
  readonly warmUpSeconds: number;
  /** Tokens of which none comes twice in what a gateway may remember: two workers keep 4,096 sessions each. */
  readonly distinctTokens: number;
}

const DEFAULTS: Settings = { rounds: 5, seconds: 5, clients: 32, warmUpSeconds: 8, distinctTokens: 10_000 };
/** Enough to see that everything works. */
const QUICK: Settings = { rounds: 1, seconds: 1, clients: 32, warmUpSeconds: 1, distinctTokens: 2_000 };

export const HELP = `Compares Postern's REST door with what PostgreSQL can do and with other ways to it over HTTP, on this machine.

  npm run bench:rest -- [options]

  --only <list>      of: ${ALL.join(",")}
  --peers <list>     of: ${ALL_PEERS.join(",")}
  --rounds <n>       readings of each peer in each case (${DEFAULTS.rounds})
  --seconds <n>      length of one run of wrk or pgbench (${DEFAULTS.seconds})
  --clients <n>      connections of wrk and of pgbench (${DEFAULTS.clients})
  --quick            ${QUICK.rounds} round of ${QUICK.seconds} s; sees that everything works
  --json <file>      where the results go (.postern/bench/rest.json)

Examples:
  npm run bench:rest
  npm run bench:rest -- --quick
  npm run bench:rest -- --only point,single,anonymous --peers ceiling,postern-bun,postern-node --rounds 9
  npm run bench:rest -- --only memory
`;

export interface Options {
  readonly cases: readonly Case[];
  readonly memory: boolean;
  /** Names. */
  readonly peers: readonly string[];
  readonly settings: Settings;
  readonly json: string;
}

/**
 * Reads the command line.
 * @throws Error saying what to write instead
 */
export function parseOptions(args: readonly string[]): Options | "help" {
  const values = optionValues(args, { name: "rest", numbers: ["clients"], full: DEFAULTS, quick: QUICK });
  if (values === "help") return "help";
  const { usual, count } = values;
  const chosen = list("--only", values.only, ALL);
  return {
    cases: CASES.filter(({ name }) => chosen.includes(name)),
    memory: chosen.includes(MEMORY),
    peers: list("--peers", values.peers, ALL_PEERS),
    settings: {
      ...usual,
      rounds: count("rounds"),
      seconds: count("seconds"),
      clients: count("clients"),
    },
    json: values.json,
  };
}
