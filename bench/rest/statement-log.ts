/** Reads PostgreSQL's log: the statements that were executed, with their parameters ("Error Reporting and Logging"). */

export interface Executed {
  /** The process id of the server's backend. */
  readonly backend: string;
  readonly text: string;
  readonly parameters: readonly (string | null)[];
}

/** `log_line_prefix = '%m [%p] '`, the severity, the message. */
const RECORD = /^\d{4}-\d\d-\d\d \S+ \S+ \[(\d+)\] ([A-Z]+): {2}(.*)$/s;
const EXECUTE = /^execute [^:]+: (.*)$/s;
const PARAMETERS = /^parameters: (.*)$/is;
const PARAMETER = /\$\d+ = (?:NULL|'((?:[^']|'')*)')(?:, |$)/gy;

/** The statements of the extended query protocol, in the order of their execution (log_statement = all). */
export function executed(lines: readonly string[]): readonly Executed[] {
  const found: { backend: string; text: string; parameters: readonly (string | null)[] }[] = [];
  for (const record of records(lines)) {
    const [, backend = "", severity, message = ""] = RECORD.exec(record) ?? [];
    const text = severity === "LOG" ? EXECUTE.exec(message)?.[1] : undefined;
    if (text !== undefined) found.push({ backend, text, parameters: [] });
    const list = severity === "DETAIL" ? PARAMETERS.exec(message)?.[1] : undefined;
    const last = found.findLast((each) => each.backend === backend);
    if (list !== undefined && last !== undefined) last.parameters = parametersOf(list);
  }
  return found;
}

/** What only the settings of a request have among their parameters (src/doors/rest/transaction-settings.ts). */
const OF_A_REQUEST = "request.path";
/** The last statement of a transaction, when it looks for nothing that SQL prepared (src/upstream/pool/own-statements.ts). */
const LAST = "SELECT pg_catalog.pg_advisory_unlock_all()";

/**
 * The statements of a request's transaction, from its settings to the end of the clean-up; what other connections and
 * the catalog's load did meanwhile is none of it. Undefined when there is none, or it was one of the few that look
 * closer at the end.
 */
export function requestOf(statements: readonly Executed[]): readonly Executed[] | undefined {
  const first = statements.findIndex(({ parameters }) => parameters.includes(OF_A_REQUEST));
  const backend = statements[first]?.backend;
  const mine = statements.slice(Math.max(first, 0)).filter((each) => each.backend === backend);
  const last = mine.findIndex(({ text }) => text.includes(LAST));
  return first < 0 || mine[last]?.text !== LAST ? undefined : mine.slice(0, last + 1);
}

/** A line break within a message is followed by a tab. */
function records(lines: readonly string[]): readonly string[] {
  const joined: string[] = [];
  for (const line of lines) {
    const last = joined.length - 1;
    if (line.startsWith("\t") && last >= 0) joined[last] += `\n${line.slice(1)}`;
    else joined.push(line);
  }
  return joined;
}

/** `$1 = 'it''s', $2 = NULL` */
function parametersOf(list: string): readonly (string | null)[] {
  const all = [...list.matchAll(PARAMETER)];
  if (all.map(([whole]) => whole).join("") !== list) throw new Error(`these are no parameters: ${list}`);
  return all.map(([, quoted]) => quoted?.replaceAll("''", "'") ?? null);
}
