/** How names and lists are written in SQL. Values never are: they go to the server as parameters. */

/** A quoted identifier ("Identifiers and Key Words" in the chapter "Lexical Structure"). Who calls it keeps NUL out. */
export function quoteIdentifier(name: string): string {
  return name.includes('"') ? `"${name.replaceAll('"', '""')}"` : `"${name}"`;
}

/** `name` or `schema.name` as settings have it, quoted. */
export function quoteQualified(name: string): string {
  return name.split(".").map(quoteIdentifier).join(".");
}

/** An array as text ("Arrays", "Array Input and Output Syntax"): one parameter however many values there are. */
export function arrayLiteral(values: readonly string[]): string {
  let literal = "{";
  for (const value of values) {
    const escaped = /["\\]/.test(value) ? value.replaceAll("\\", "\\\\").replaceAll('"', '\\"') : value;
    literal += literal.length === 1 ? `"${escaped}"` : `,"${escaped}"`;
  }
  return `${literal}}`;
}
