import { request } from "node:http";
import type { Ask } from "./cases.ts";

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** One request with the headers given and no others but what HTTP needs, as wrk sends it. */
export function send(port: number, ask: Ask, signal: AbortSignal): Promise<HttpAnswer> {
  const { method, target, headers, body } = ask;
  const { promise, resolve, reject } = Promise.withResolvers<HttpAnswer>();
  const length = body === undefined ? {} : { "Content-Length": Buffer.byteLength(body) };
  const sent = request({
    host: "127.0.0.1",
    port,
    method,
    path: target,
    headers: { ...headers, ...length },
    signal,
  });
  sent.on("error", reject);
  sent.on("response", (response) => {
    const parts: string[] = [];
    response.setEncoding("utf8").on("data", (part: string) => parts.push(part));
    response.on("error", reject);
    response.on("end", () => resolve({ status: response.statusCode ?? 0, body: parts.join("") }));
  });
  sent.end(body);
  return promise;
}

/** The same request for one number. */
export function filled(ask: Ask, id: number, token: string | undefined): Ask {
  const put = (text: string) => text.replaceAll("%ID%", String(id));
  return {
    ...ask,
    target: put(ask.target),
    headers: token === undefined ? ask.headers : { ...ask.headers, Authorization: `Bearer ${token}` },
    ...(ask.body === undefined ? {} : { body: put(ask.body) }),
  };
}
