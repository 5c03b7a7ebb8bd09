import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";

/** What the API was asked. */
export interface Asked {
  readonly headers: IncomingHttpHeaders;
  readonly method: string;
  readonly body: { readonly role?: unknown; readonly rhost?: unknown };
}

export type Answering = (response: ServerResponse, asked: Asked) => void;

/** A real HTTP server that decides about logins, as well or as badly as its answering has it. */
export interface AccessApi {
  readonly url: string;
  readonly port: number;
  readonly asked: readonly Asked[];
  /** Answers so from now on. */
  answer(with_: Answering): void;
  close(): Promise<void>;
}

/** A credential that has the shape of a personal access token, different for each name. */
export function patOf(name: string): string {
  return `sbp_${name.padEnd(40, "0")}`;
}

/** The newer shape of a permission. */
export function permits(role: string, more: Readonly<Record<string, unknown>> = {}): Answering {
  return says(200, { user_id: "user-1", user_role: { role, ...more } });
}

/** An answer with this status and JSON. */
export function says(status: number, document: unknown, headers: Record<string, string> = {}): Answering {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof document === "string" ? document : JSON.stringify(document));
  };
}

/** No answer at all; the connection stays open. */
export const silence: Answering = () => {};

/** Starts one; with TLS when given a certificate and its key. */
export async function startAccessApi(tls?: {
  readonly cert: string;
  readonly key: string;
}): Promise<AccessApi> {
  const asked: Asked[] = [];
  let answering: Answering = says(500, {});
  const listener: RequestListener = (request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (piece: string) => {
      text += piece;
    });
    request.on("end", () => {
      const question = {
        headers: request.headers,
        method: request.method ?? "",
        body: JSON.parse(text || "{}"),
      };
      asked.push(question);
      answering(response, question);
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}/jit/authorize`,
    port,
    asked,
    answer: (next) => {
      answering = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
