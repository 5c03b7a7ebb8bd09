import type { Context } from "hono";
import type { Env } from "../env.ts";

/** A request's body as JSON, or the code of why there is none. */
export async function readJson(
  context: Context<Env>,
  maxBytes: number,
): Promise<{ readonly json: unknown } | "control/too-large" | "control/not-json"> {
  const text = await readText(context, maxBytes);
  if (text === undefined) return "control/too-large";
  try {
    return { json: JSON.parse(text) };
  } catch {
    return "control/not-json";
  }
}

/**
 * A request's body as text; undefined when it has more than `maxBytes`. The framework's own bound puts another Request
 * in the place of the one that it has read, which fails with the one that its adapter makes on Node.
 */
async function readText({ req }: Context<Env>, maxBytes: number): Promise<string | undefined> {
  if (Number(req.header("content-length") ?? 0) > maxBytes) return undefined;
  const reader = req.raw.body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done || value === undefined) return Buffer.concat(chunks).toString("utf8");
    length += value.length;
    if (length > maxBytes) {
      await reader?.cancel();
      return undefined;
    }
    chunks.push(value);
  }
}
