import type { Gateway } from "./gateway.ts";

/** An answer of the API. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON; undefined when there was none. */
  // biome-ignore lint/suspicious/noExplicitAny: what an answer looks like is what tests look at
  readonly body: any;
}

export type Ask = (method: string, path: string, body?: unknown) => Promise<ApiAnswer>;

/** Asks the gateway's API as the bearer of a token. The configuration has to open it: `admin: { port: 0 }`. */
export function apiOf(gateway: Gateway, token?: string): Ask {
  return async (method, path, body) => {
    const opened = await gateway.logged(
      (line) => line.event === "door.opened.v1" && line["door"] === "control",
    );
    const headers: Record<string, string> = {};
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const response = await fetch(`http://127.0.0.1:${String(opened["port"])}/api/v1${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? undefined : JSON.parse(text),
    };
  };
}
