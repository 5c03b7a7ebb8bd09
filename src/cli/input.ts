import { readFileSync } from "node:fs";
import { Failure, misuse } from "./failure.ts";

/** Larger than any token or key: what is longer was named by mistake. */
const MAX_BYTES = 1024 * 1024;

/** Where a token may come from. */
export interface TokenFrom {
  /** The token itself, or `-` for standard input. */
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** The token that the command is about, from the first place that has one. */
export async function readToken(from: TokenFrom): Promise<string> {
  const { token, tokenFile } = from;
  if (token !== undefined && tokenFile !== undefined)
    throw misuse("a token and --token-file were both given; keep one");
  if (token === "-") return nonEmpty(await readStdin(), "standard input");
  if (token !== undefined) return nonEmpty(token, "the argument");
  if (tokenFile !== undefined) return nonEmpty(readText(tokenFile), tokenFile);
  const { POSTERN_TOKEN } = process.env;
  if (POSTERN_TOKEN !== undefined) return nonEmpty(POSTERN_TOKEN, "POSTERN_TOKEN");
  throw misuse("no token was given; pipe it in and give - for it, or use --token-file or POSTERN_TOKEN");
}

function nonEmpty(text: string, place: string): string {
  const token = text.trim();
  if (token === "") throw new Failure(`${place} holds no token; check where it comes from`);
  return token;
}

/** The text of a small file. */
export function readText(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length <= MAX_BYTES) return bytes.toString("utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown";
    throw new Failure(`"${file}" cannot be read (${code}); check the path and its mode`, 1, { cause: error });
  }
  throw new Failure(`"${file}" is larger than ${MAX_BYTES} bytes; name another file`);
}

/** What is piped in. */
export async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    length += bytes.length;
    if (length > MAX_BYTES)
      throw new Failure(`standard input has more than ${MAX_BYTES} bytes; pipe less in`);
  }
  return Buffer.concat(chunks).toString("utf8");
}
