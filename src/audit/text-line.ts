/** Control Sequence Introducer, ECMA-48 §5.4. */
const CSI = "\u001b[";
const LEVEL_COLOURS: Readonly<Record<string, string>> = {
  debug: "2",
  trace: "2",
  warn: "33",
  error: "31",
  fatal: "31",
};

/**
 * A line of the JSON log for people who watch a terminal: `12:00:01 info  login.allowed role=analyst …`, in UTC.
 * Nothing that a client sent can move the cursor or begin a new line.
 */
export function asText(json: string, colours: boolean): string {
  const { time, level, event, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const paint = (codes: string | undefined, text: string) =>
    colours && codes !== undefined ? `${CSI}${codes}m${text}${CSI}0m` : text;
  const fields = flatten(rest).map(
    ([name, value]) => `${paint("2", `${plain(name)}=`)}${plain(readable(name, value))}`,
  );
  const head = [
    paint("2", String(time).slice(11, 19)),
    paint(LEVEL_COLOURS[String(level)], String(level).padEnd(5)),
    paint("1", plain(String(event).replace(/\.v\d+$/, ""))),
  ];
  return `${[...head, ...fields].join(" ")}\n`;
}

/** A moment as a date: nobody reads milliseconds since 1970. */
function readable(name: string, value: unknown): unknown {
  return name === "until" && typeof value === "number" ? new Date(value).toISOString() : value;
}

/** `peer: {address}` as `peer.address`: one level, which is as deep as events go. */
export function flatten(fields: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(fields).flatMap(([name, value]): [string, unknown][] =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? Object.entries(value).map(([inner, deep]) => [`${name}.${inner}`, deep])
      : [[name, value]],
  );
}

/** A word as it is; anything else quoted, with whatever a terminal would obey written as an escape. */
export function plain(value: unknown): string {
  if (typeof value === "string" && /^[\w.:@/+-]+$/.test(value)) return value;
  return (JSON.stringify(value) ?? "").replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}
