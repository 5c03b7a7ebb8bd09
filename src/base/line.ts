/** What may move a cursor, begin a line or turn the order of letters round, and what is no character at all. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]|\p{Surrogate}/u;

/** Whether a text that somebody wrote can be shown to others, in terminals and logs: one line that says something. */
export function isLine(text: string, maxLength: number): boolean {
  return text.trim() !== "" && text.length <= maxLength && !CONTROL.test(text);
}
