import { findProgram } from "../support/find-program.ts";
import { run } from "../support/program.ts";
import type { Ask } from "./cases.ts";

export interface Load {
  readonly url: string;
  readonly ask: Ask;
  readonly ids: number;
  /** A file with a token a line, and with which of them to begin; none: no token. */
  readonly tokens: { readonly file: string; readonly from: number } | undefined;
  readonly clients: number;
  readonly seconds: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const INSTALL = "wrk is not installed; run: apt-get install wrk";
/** Longer than any answer takes; wrk counts one that takes longer as an error. */
const ANSWER_TIMEOUT = "10s";
const MICROSECONDS_A_MS = 1_000;
const MICROSECONDS_A_SECOND = 1_000_000;
/** What `done` of the script begins its line with. */
const MARK = "POSTERN_BENCH";

/** @throws Error saying what to install */
export function wrkProgram(): string {
  const file = findProgram("wrk");
  if (file === undefined) throw new Error(INSTALL);
  return file;
}

/**
 * Runs wrk with one thread, so that it takes one core at most.
 * @throws Error when an answer was an error or a connection broke
 */
export async function wrk(
  { url, clients, seconds }: Load,
  scriptFile: string,
  signal: AbortSignal,
): Promise<LoadResult> {
  const args = ["-t1", `-c${clients}`, `-d${seconds}s`, `--timeout=${ANSWER_TIMEOUT}`, "-s", scriptFile, url];
  const output = await run(wrkProgram(), args, { env: { PATH: process.env["PATH"] }, signal });
  return resultOf(output);
}

/** Reads the line that the script wrote. */
export function resultOf(output: string): LoadResult {
  const line = output.split("\n").find((each) => each.startsWith(MARK));
  const numbers = line?.split(" ").slice(1).map(Number) ?? [];
  const [requests, duration, p50, p99, status, connect, read, write, timeout] = numbers;
  if (
    requests === undefined ||
    duration === undefined ||
    p50 === undefined ||
    p99 === undefined ||
    timeout === undefined ||
    numbers.some((number) => !Number.isFinite(number))
  )
    throw new Error(`wrk wrote no result: ${output}`);
  if (status !== 0) throw new Error(`${status} of ${requests} answers were errors`);
  const broken = Number(connect) + Number(read) + Number(write) + timeout;
  if (broken > 0)
    throw new Error(`connections: ${connect} not made, ${read}+${write} broken, ${timeout} timed out`);
  if (requests === 0) throw new Error("no request was answered");
  return {
    requests,
    perSecond: (requests * MICROSECONDS_A_SECOND) / duration,
    p50Ms: p50 / MICROSECONDS_A_MS,
    p99Ms: p99 / MICROSECONDS_A_MS,
  };
}

/** wrk's script: a random number in each request, the tokens one after the other. */
export function wrkScript({ ask, ids, tokens }: Load): string {
  const { method, target, headers, body } = ask;
  const fields = Object.entries(headers).map(([name, value]) => `[${lua(name)}]=${lua(value)}`);
  const content = body === undefined ? "nil" : lua(body);
  return `local tokens, at = {}, ${tokens?.from ?? 0}
${tokens === undefined ? "" : `for line in io.lines(${lua(tokens.file)}) do tokens[#tokens + 1] = "Bearer " .. line end`}
local target, body, headers = ${lua(target)}, ${content}, {${fields.join(",")}}
local function with(text, id) return text and (text:gsub("%%ID%%", id)) end
request = function()
  local id = tostring(math.random(1, ${ids}))
  if #tokens > 0 then
    headers["Authorization"] = tokens[at % #tokens + 1]
    at = at + 1
  end
  return wrk.format(${lua(method)}, with(target, id), headers, with(body, id))
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("\\n${MARK} %d %d %d %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status, e.connect, e.read, e.write, e.timeout))
end
`;
}

/** A string of Lua. Its escapes are JSON's but for \\u, which our ASCII texts do not need. */
function lua(text: string): string {
  if (!/^[\x20-\x7e]*$/.test(text)) throw new TypeError(`not printable ASCII: ${text}`);
  return JSON.stringify(text);
}
