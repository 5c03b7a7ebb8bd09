import { createReadStream } from "node:fs";
import { basename } from "node:path";

/** A line of a ledger, and where it was read. */
export interface Line {
  readonly text: string;
  /** `audit.jsonl:12`. */
  readonly where: string;
  /** Whether its end was not there: it is being written, or was when the process died. */
  readonly unfinished: boolean;
}

const NEWLINE = 0x0a;

/**
 * The lines of files, one after the other. Only a newline ends a line: other characters that some readers take for an
 * end are part of texts here.
 */
export async function* readLines(files: readonly string[]): AsyncIterable<Line> {
  for (const file of files) yield* linesOf(file);
}

async function* linesOf(file: string): AsyncIterable<Line> {
  const name = basename(file);
  let number = 0;
  let pieces: Buffer[] = [];
  const line = (last: Buffer, unfinished: boolean): Line => {
    const text = Buffer.concat([...pieces, last]).toString("utf8");
    pieces = [];
    number += 1;
    return { text, where: `${name}:${number}`, unfinished };
  };
  for await (const chunk of createReadStream(file)) {
    let rest = chunk as Buffer; // no encoding is set
    for (let end = rest.indexOf(NEWLINE); end !== -1; end = rest.indexOf(NEWLINE)) {
      yield line(rest.subarray(0, end), false);
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) pieces.push(rest);
  }
  if (pieces.length > 0) yield line(Buffer.alloc(0), true);
}
