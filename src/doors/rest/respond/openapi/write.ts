/**
 * Writes a description as JSON, a little at a time: that of many thousands of tables takes seconds, and other requests
 * must not wait for it.
 */
import { setImmediate } from "node:timers/promises";

export interface Sections {
  /** Members that are written as they are. */
  readonly head: object;
  /** Members that are objects of many members. */
  readonly sections: readonly (readonly [
    name: string,
    members: Iterable<readonly [name: string, value: object]>,
  ])[];
}

/** Work this long at a stretch, and let others have their turn. */
const STRETCH_MS = 5;
/** Text is kept until it is worth a buffer of its own. */
const BUFFER_CHARS = 65_536;

const elapsed = () => performance.now();

/**
 * The JSON object that `sections` is, in pieces.
 * @param now milliseconds of work, from whenever
 */
export async function writeSections({ head, sections }: Sections, now = elapsed): Promise<Buffer[]> {
  const buffers: Buffer[] = [];
  let text = JSON.stringify(head).slice(0, -1);
  let since = now();
  for (const [section, members] of sections) {
    text += `${text === "{" ? "" : ","}${JSON.stringify(section)}:{`;
    let separator = "";
    for (const [name, value] of members) {
      text += `${separator}${JSON.stringify(name)}:${JSON.stringify(value)}`;
      separator = ",";
      if (text.length > BUFFER_CHARS) {
        buffers.push(Buffer.from(text));
        text = "";
      }
      if (now() - since < STRETCH_MS) continue;
      await setImmediate();
      since = now();
    }
    text += "}";
  }
  buffers.push(Buffer.from(`${text}}`));
  return buffers;
}
