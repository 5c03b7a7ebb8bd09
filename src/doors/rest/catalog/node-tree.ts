/**
 * Which columns of which relations a view shows, from the parse tree that PostgreSQL keeps of it (pg_rewrite.ev_action;
 * "The Rule System" in the chapter "The Rule System", and src/backend/nodes/read.c for the notation). The analyser wrote
 * into each entry of the target list where its column comes from, through joins, subqueries and CTEs; so nothing of the
 * query has to be understood but the nesting. Fields that are not asked for are skipped, whatever they are in a
 * release; a tree that cannot be read has no columns.
 */

/** One column of a view that is a column of a relation as it is. */
export interface ViewColumn {
  /** The number of the view's column (pg_attribute.attnum). */
  readonly number: number;
  /** The relation's oid, and the number of its column. */
  readonly relation: string;
  readonly column: number;
}

/** `({QUERY …` : the fields of the view's own query are two levels down, those of a target list's entries four. */
const QUERY_DEPTH = 2;
const ENTRY_DEPTH = 4;

const SPACE = 0x20;
const LINE_FEED = 0x0a;
const TAB = 0x09;
const BACKSLASH = 0x5c;
const OPEN = 0x28;
const CLOSE = 0x29;
const OPEN_NODE = 0x7b;
const CLOSE_NODE = 0x7d;

/** The columns of a view that are columns of other relations, in the view's order. */
export function viewColumns(tree: string): readonly ViewColumn[] {
  const found: ViewColumn[] = [];
  let depth = 0;
  let inTargets = false;
  let field = "";
  let entry = new Map<string, string>();
  for (let at = 0; at < tree.length; ) {
    const code = tree.charCodeAt(at);
    if (code === OPEN || code === OPEN_NODE) {
      depth++;
      at++;
    } else if (code === CLOSE || code === CLOSE_NODE) {
      if (inTargets && depth === ENTRY_DEPTH) {
        pushColumn(found, entry);
        entry = new Map();
      }
      depth--;
      at++;
      if (inTargets && depth === QUERY_DEPTH) return found;
    } else if (code === SPACE || code === LINE_FEED || code === TAB) {
      at++;
    } else {
      const end = endOfToken(tree, at);
      if (depth === QUERY_DEPTH) inTargets = isToken(tree, at, end, ":targetList");
      else if (inTargets && depth === ENTRY_DEPTH) {
        const token = tree.slice(at, end);
        if (token.startsWith(":")) field = token;
        else entry.set(field, token);
      }
      at = end;
    }
  }
  return found;
}

function pushColumn(found: ViewColumn[], entry: ReadonlyMap<string, string>): void {
  const number = Number(entry.get(":resno"));
  const relation = entry.get(":resorigtbl") ?? "0";
  const column = Number(entry.get(":resorigcol"));
  // System columns have numbers below one; a relation of oid 0 says that the column is computed.
  if (!(number > 0) || relation === "0" || !(column > 0) || entry.get(":resjunk") === "true") return;
  found.push({ number, relation, column });
}

/** Where a token ends: at white space or a bracket that no backslash protects. */
function endOfToken(tree: string, start: number): number {
  let at = start;
  while (at < tree.length) {
    const code = tree.charCodeAt(at);
    if (code === BACKSLASH) at += 2;
    else if (isEnd(code)) break;
    else at++;
  }
  return Math.min(at, tree.length);
}

function isEnd(code: number): boolean {
  return (
    code === SPACE ||
    code === LINE_FEED ||
    code === TAB ||
    code === OPEN ||
    code === CLOSE ||
    code === OPEN_NODE ||
    code === CLOSE_NODE
  );
}

function isToken(tree: string, start: number, end: number, word: string): boolean {
  return end - start === word.length && tree.startsWith(word, start);
}
