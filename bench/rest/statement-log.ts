/** Reads PostgreSQL's log: the statements that were executed, with their parameters ("Error Reporting and Logging"). */

export interface Executed {
  readonly text: string;
  readonly parameters: readonly (string | null)[];
}

/** `log_line_prefix = '%m [%p] '`, the severity, the message. */
const RECORD = /^\d{4}-\d\d-\d\d \S+ \S+ \[\d+\] ([A-Z]+): {2}(.*)$/s;
const EXECUTE = /^execute [^:]+: (.*)$/s;
const PARAMETERS = /^parameters: (.*)$/is;
const PARAMETER = /\$\d+ = (?:NULL|'((?:[^']|'')*)')(?:, |$)/gy;

/** The statements of the extended query protocol, in the order of their execution (log_statement = all). */
export function executed(lines: readonly string[]): readonly Executed[] {
  const found: { text: string; parameters: readonly (string | null)[] }[] = [];
  for (const record of records(lines)) {
    const [, severity, message = ""] = RECORD.exec(record) ?? [];
    const text = severity === "LOG" ? EXECUTE.exec(message)?.[1] : undefined;
    if (text !== undefined) found.push({ text, parameters: [] });
    const list = severity === "DETAIL" ? PARAMETERS.exec(message)?.[1] : undefined;
    const last = found.at(-1);
    if (list !== undefined && last !== undefined) last.parameters = parametersOf(list);
  }
  return found;
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
