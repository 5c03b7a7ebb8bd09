import { createServer as createHttp, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { publicJwk } from "../../src/identity/mint.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A real HTTP server on loopback that publishes keys, as well or as badly as its handler has it. */
export interface KeyServer {
  readonly url: string;
  readonly requests: readonly IncomingMessage[];
  /** Answers from now on. */
  serve(handler: Handler): void;
  /** Resolves once the n-th request (from 1) has come in. */
  request(n: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts one; with TLS when given a certificate and its key. */
export async function startKeyServer(tls?: {
  readonly cert: string;
  readonly key: string;
}): Promise<KeyServer> {
  const requests: IncomingMessage[] = [];
  const waiting: { n: number; done: () => void }[] = [];
  let handler: Handler = (_, response) => response.writeHead(404).end();
  const onRequest: Handler = (request, response) => {
    requests.push(request);
    handler(request, response);
    for (const { n, done } of waiting) if (requests.length >= n) done();
  };
  const server = tls === undefined ? createHttp(onRequest) : createHttps(tls, onRequest);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${port}`,
    requests,
    serve: (next) => {
      handler = next;
    },
    request: (n) =>
      new Promise((done) => {
        if (requests.length >= n) done();
        else waiting.push({ n, done });
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with a JWK Set of these public keys (PEM). */
export function publishing(pems: readonly string[], headers: Readonly<Record<string, string>> = {}): Handler {
  return json({ keys: pems.map((pem) => publicJwk(pem)) }, headers);
}

/** Answers with a document. */
export function json(document: unknown, headers: Readonly<Record<string, string>> = {}): Handler {
  return (_, response) => {
    response.writeHead(200, { "content-type": "application/json", ...headers });
    response.end(JSON.stringify(document));
  };
}
