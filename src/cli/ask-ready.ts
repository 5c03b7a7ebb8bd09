import { request } from "node:http";
import { messageOf } from "../base/error.ts";
import type { AdminConfig } from "../config/schema.ts";

/** A probe that takes longer is as good as none. */
const TIMEOUT_MS = 10_000;

export interface ReadyAnswer {
  readonly ok: boolean;
  /** What was asked. */
  readonly at: string;
  readonly why: string;
}

/** Asks the admin server of a running Postern whether it can answer requests. */
export async function askReady(admin: AdminConfig): Promise<ReadyAnswer> {
  const { unixSocket, port } = admin;
  const host = reachable(admin.host);
  const at = unixSocket?.path ?? `http://${host.includes(":") ? `[${host}]` : host}:${port}/ready`;
  const place = unixSocket === undefined ? { host, port } : { socketPath: unixSocket.path };
  try {
    const status = await statusOf({ ...place, path: "/ready" });
    return { ok: status === 200, at, why: `status ${status}` };
  } catch (error) {
    return { ok: false, at, why: messageOf(error) };
  }
}

function statusOf(to: { readonly path: string }): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...to, timeout: TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asked.on("timeout", () => asked.destroy(new Error("no answer in time")));
    asked.on("error", reject);
    asked.end();
  });
}

/** An address that stands for all of them is reached by the machine's own name. */
function reachable(host: string): string {
  return host === "" || host === "0.0.0.0" || host === "::" ? "localhost" : host;
}
