/** Turns statements of a request into a script for pgbench, which then does the same without a gateway. */
import type { Executed } from "./statement-log.ts";

export interface PgbenchScript {
  readonly text: string;
  /** For `-D name=value`: no value is ever part of a statement. */
  readonly variables: readonly (readonly [name: string, value: string])[];
}

export interface Varied {
  /** The parameter that was this becomes a random number instead. */
  readonly id: string;
  /** From 1 to this. */
  readonly ids: number;
}

/** What pgbench would take for a variable or a command of its own, wherever it stands (pgbench, "Custom Scripts"). */
const OURS_ONLY = /(?<!:):[A-Za-z_\u0080-\uffff]|[;\\]/;
const PREPARED = "prepared";
/**
 * pgbench before version 16 prepares all statements of a script when the first is run, and cannot do so in a pipeline:
 * each client runs one outside, once.
 */
const PREPARE = [`\\if :${PREPARED} = 0`, "SELECT 1;", `\\set ${PREPARED} 1`, "\\endif"];
/** A quoted string or name, which holds no parameter; or a parameter. */
const QUOTED_OR_PARAMETER = /'[^']*'|"[^"]*"|\$(\d+)/g;

/**
 * All statements in one pipeline, between two Syncs, as the pool sends them.
 * @throws Error for a statement that pgbench would read differently
 */
export function pgbenchScript(statements: readonly Executed[], { id, ids }: Varied): PgbenchScript {
  const variables: (readonly [string, string])[] = [];
  const texts = statements.map(({ text, parameters }, at) => {
    if (OURS_ONLY.test(text)) throw new Error(`pgbench would read this differently: ${text}`);
    const names = parameters.map((value, i) => {
      if (value === null) return "NULL"; // pgbench has no variable that is NULL
      if (value === id) return ":id";
      variables.push([`v${at}_${i}`, value]);
      return `:v${at}_${i}`;
    });
    return text.replace(QUOTED_OR_PARAMETER, (whole, number: string | undefined) =>
      number === undefined ? whole : (names[Number(number) - 1] ?? missing(whole, text)),
    );
  });
  variables.push([PREPARED, "0"]);
  const random = `\\set id random(1, ${ids})`;
  const pipeline = ["\\startpipeline", ...texts.map((text) => `${text};`), "\\endpipeline"];
  const lines = [...PREPARE, random, ...pipeline];
  return { text: `${lines.join("\n")}\n`, variables };
}

function missing(parameter: string, text: string): never {
  throw new Error(`the log has no ${parameter} for: ${text}`);
}
