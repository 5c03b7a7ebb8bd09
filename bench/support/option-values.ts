/** Values of command-line options. */

/**
 * Some of `allowed`, separated by commas; all of them when the option was not given.
 * @throws Error saying what to write instead
 */
export function list(
  option: string,
  text: string | undefined,
  allowed: readonly string[],
): readonly string[] {
  if (text === undefined) return allowed;
  const words = text.split(",");
  const unknown = words.find((word) => !allowed.includes(word));
  if (unknown !== undefined)
    throw new Error(`${option} does not know "${unknown}"; write some of ${allowed.join(",")}`);
  return words;
}

/**
 * A number from 1 to 9999; `usual` when the option was not given.
 * @throws Error saying what to write instead
 */
export function count(option: string, text: string | undefined, usual: number): number {
  if (text === undefined) return usual;
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new Error(`${option} is "${text}"; write a number from 1 to 9999`);
  return Number(text);
}
