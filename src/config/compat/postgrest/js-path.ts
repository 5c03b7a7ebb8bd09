/**
 * The syntax in which PostgREST's `jwt-role-claim-key` was written until version 14 (its documentation: "JWT Role
 * Extraction"), as JSON Paths (RFC 9535): `.a."b c"[0]`, and a last step `[?(@ == "x")]` that picks from a list.
 */

const KEY = /\.(?:([\p{L}\p{N}_$@]+)|"([^"]*)")/uy;
const INDEX = /\[(\d{1,9})\]/y;
const FILTER = /\[\?\(@ (==|!=|\^==|==\^|\*==) "([^"]*)"\)\]$/y;

/** Member names that RFC 9535 §2.5.1.1 takes without brackets. */
const SHORTHAND = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The JSON Path that a path in the old syntax stands for; undefined when it is none. */
export function translateJsPath(text: string): string | undefined {
  let path = "$";
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    at += match?.[0].length ?? 0;
    return match;
  };
  if (text === "") return undefined;
  while (at < text.length) {
    const key = take(KEY);
    const index = key === null ? take(INDEX) : null;
    const filter = key === null && index === null ? take(FILTER) : null;
    if (key !== null) path += member(key[1] ?? key[2] ?? "");
    else if (index !== null) path += `[${index[1]}]`;
    else if (filter !== null) path += selection(filter[1] ?? "", filter[2] ?? "");
    else return undefined;
  }
  return path;
}

function member(name: string): string {
  return SHORTHAND.test(name) ? `.${name}` : `[${quoted(name)}]`;
}

/** The old comparisons were of text only; `search` holds for nothing else (RFC 9535 §2.4.7). */
function selection(operator: string, text: string): string {
  switch (operator) {
    case "!=":
      return `[?@ != ${quoted(text)} && search(@, '')]`;
    case "^==":
      return `[?search(@, ${quoted(`^${literal(text)}`)})]`;
    case "==^":
      return `[?search(@, ${quoted(`${literal(text)}$`)})]`;
    case "*==":
      return `[?search(@, ${quoted(literal(text))})]`;
    default:
      return `[?@ == ${quoted(text)}]`;
  }
}

/** A pattern that matches the text and nothing else (RFC 9485). */
function literal(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** RFC 9535 §2.3.1.1: a string literal in single quotes. */
function quoted(text: string): string {
  const escaped = text.replaceAll(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must be escaped
    /['\\\u0000-\u001f]/g,
    (char) =>
      char === "'" || char === "\\" ? `\\${char}` : `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `'${escaped}'`;
}
