import { list, optionValues } from "../support/option-values.ts";
import { MEASURES } from "./measure/all.ts";
import type { Measure, Settings } from "./measure/measure.ts";
import { AUDITED, LOGIN_VARIANTS, PEERS, TWO_WORKERS } from "./peers/all.ts";

const ALL_PEERS = [...PEERS, ...LOGIN_VARIANTS, ...TWO_WORKERS, ...AUDITED].map(({ name }) => name);

const DEFAULTS: Settings = { rounds: 5, seconds: 5, warmUpLogins: 1_000, sessions: 1_000 };
/** Enough to see that everything works. */
const QUICK: Settings = { rounds: 1, seconds: 2, warmUpLogins: 40, sessions: 100 };

export const HELP = `Compares Postern's wire door with other ways to PostgreSQL, on this machine.

  npm run bench:wire -- [options]

  --only <list>      measurements: ${MEASURES.map(({ name }) => name).join(",")}
  --peers <list>     of: ${ALL_PEERS.join(",")}
  --rounds <n>       readings of each peer in each case (${DEFAULTS.rounds})
  --seconds <n>      length of one pgbench run (${DEFAULTS.seconds})
  --sessions <n>     idle sessions of the memory measurement (${DEFAULTS.sessions})
  --quick            ${QUICK.rounds} round of ${QUICK.seconds} s, ${QUICK.sessions} sessions; sees that everything works
  --json <file>      where the results go (.postern/bench/wire.json)

Examples:
  npm run bench:wire
  npm run bench:wire -- --quick
  npm run bench:wire -- --only logins --peers direct,pgbouncer,postern-bun,postern-bun-warm --rounds 9
`;

export interface Options {
  readonly measures: readonly Measure[];
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
  const values = optionValues(args, { name: "wire", numbers: ["sessions"], full: DEFAULTS, quick: QUICK });
  if (values === "help") return "help";
  const { usual, count } = values;
  const names = MEASURES.map(({ name }) => name);
  const chosen = list("--only", values.only, names);
  return {
    measures: MEASURES.filter(({ name }) => chosen.includes(name)),
    peers: list("--peers", values.peers, ALL_PEERS),
    settings: {
      ...usual,
      rounds: count("rounds"),
      seconds: count("seconds"),
      sessions: count("sessions"),
    },
    json: values.json,
  };
}
