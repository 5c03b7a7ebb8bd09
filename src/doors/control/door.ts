/**
 * The control door: how Postern is seen and operated over HTTP. It shows health and metrics; every route declares the
 * permission that it needs in one table. It decides nothing and opens no database connection.
 */
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { Server as TlsServer } from "node:https";
import { createServer as createTlsServer } from "node:https";
import { createAdaptorServer } from "@hono/node-server";
import { Crowd } from "../../access/crowd.ts";
import { plainAddress } from "../../base/address.ts";
import { messageOf } from "../../base/error.ts";
import type { Observe } from "../../base/event.ts";
import type { AdminConfig } from "../../config/schema.ts";
import type { ServerCertificate } from "../../wire/certificate.ts";
import { loadCertificate } from "../../wire/certificate.ts";
import { clearSocket, withMode } from "../../wire/unix-socket.ts";
import { createApp } from "./app.ts";
import { routes } from "./routes.ts";
import type { Running } from "./running.ts";

/** A probe or a scraper sends its headers at once; what takes longer only holds a connection. */
const HEADERS_MS = 5000;
/** No route takes a body. */
const REQUEST_MS = 10_000;
/** Scrapers come every few seconds and may keep their connection between. */
const KEEP_ALIVE_MS = 30_000;
/**
 * Probes, scrapers and people; more is a mistake or a flood, and must not use up the descriptors of logins. No address gets
 * so many that a probe from another would not be answered, for then the machine would be restarted.
 */
const CONNECTIONS = { unauthenticated: 128, unauthenticatedPerAddress: 32 };
/** An Authorization header and what a browser sends. */
const MAX_HEADER_BYTES = 8192;

export class ControlDoor {
  readonly #running: Running;
  readonly #observe: Observe;
  #admin: AdminConfig | undefined;
  #server: Server | undefined;
  #closed = false;

  constructor(running: Running, observe: Observe) {
    this.#running = running;
    this.#observe = observe;
  }

  /** Where the door listens; a path and port 0 for a Unix socket. */
  get address(): { readonly address: string; readonly port: number } | undefined {
    const address = this.#server?.address() ?? undefined;
    return typeof address === "string" ? { address, port: 0 } : address;
  }

  /**
   * Puts settings in force: opens the door, moves it (the new listener is open before the old one closes) or closes it.
   * @throws Error when the address or the certificate cannot be used, or the door was closed; then nothing has changed
   */
  async apply(admin: AdminConfig | undefined): Promise<void> {
    this.#mustBeWanted();
    const moves = placeOf(admin) !== placeOf(this.#admin);
    const certificate = admin?.tls === undefined ? undefined : loadCertificate(admin.tls);
    const server = admin !== undefined && moves ? await this.#open(admin, certificate) : undefined;
    this.#mustBeWanted(server);
    this.#admin = admin;
    if (certificate !== undefined)
      this.#observe({ event: "tls.loaded.v1", door: "control", notAfter: certificate.notAfter });
    if (!moves) {
      if (certificate !== undefined) (this.#server as TlsServer).setSecureContext(certificate.options); // placeOf says TLS
      return;
    }
    this.#shut();
    this.#server = server;
  }

  /** Closes the door for good, at once; an answer that is under way is lost. */
  close(): void {
    this.#closed = true;
    const server = this.#server;
    this.#shut();
    server?.closeAllConnections();
    this.#admin = undefined;
  }

  /** A reload that is overtaken by the end of the process must not leave a listener, which would keep that alive. */
  #mustBeWanted(opened?: Server): void {
    if (!this.#closed) return;
    opened?.close();
    throw new Error("Postern is shutting down");
  }

  async #open(admin: AdminConfig, certificate: ServerCertificate | undefined): Promise<Server> {
    const server = this.#createServer(certificate);
    try {
      await listen(server, admin);
    } catch (error) {
      throw unusable(admin, error);
    }
    // An error of a listening socket (out of descriptors) must not end the process; the next accept tries again.
    server.on("error", () => {});
    const bound = server.address();
    const { address, port } =
      typeof bound === "object" && bound !== null ? bound : { address: bound ?? "", port: 0 };
    this.#observe({ event: "door.opened.v1", door: "control", address, port });
    return server;
  }

  #createServer(certificate: ServerCertificate | undefined): Server {
    const app = createApp({
      routes,
      running: this.#running,
      observe: this.#observe,
      token: () => this.#admin?.token,
    });
    const server = createAdaptorServer({
      fetch: app.fetch,
      overrideGlobalObjects: false,
      ...(certificate === undefined ? { createServer } : { createServer: createTlsServer }),
      serverOptions: {
        ...certificate?.options,
        headersTimeout: HEADERS_MS,
        connectionsCheckingInterval: HEADERS_MS,
        requestTimeout: REQUEST_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        maxHeaderSize: MAX_HEADER_BYTES,
      },
    }) as Server; // made by node:http's createServer, as said above
    const crowd = new Crowd();
    server.on("connection", (socket) => {
      const address = plainAddress(socket.remoteAddress ?? "");
      if (!crowd.admits(address, CONNECTIONS)) socket.destroy();
      else socket.once("close", crowd.enter(address));
    });
    return server;
  }

  #shut(): void {
    const address = this.address;
    if (this.#server === undefined || address === undefined) return;
    this.#server.close();
    this.#server.closeIdleConnections();
    this.#server = undefined;
    this.#observe({ event: "door.closed.v1", door: "control", address: address.address, port: address.port });
  }
}

/** Opens a listener where the settings say. */
async function listen(server: Server, { host, port, unixSocket }: AdminConfig): Promise<void> {
  if (unixSocket !== undefined) await clearSocket(unixSocket.path);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    const opened = () => {
      server.off("error", reject);
      resolve();
    };
    if (unixSocket === undefined) server.listen({ port, ...(host === "" ? {} : { host }) }, opened);
    else
      withMode(Number.parseInt(unixSocket.mode, 8), () => server.listen({ path: unixSocket.path }, opened));
  });
}

/** Where the settings say that the door is; none when there is to be no door. */
function placeOf(admin: AdminConfig | undefined): string | undefined {
  if (admin === undefined) return undefined;
  const { host, port, unixSocket, tls } = admin;
  const place =
    unixSocket === undefined
      ? `${host === "" ? "*" : host}:${port}`
      : `${unixSocket.path} ${unixSocket.mode}`;
  return tls === undefined ? place : `${place} with TLS`;
}

/** The same in words. The error itself would be taken for one of the wire door. */
function unusable(admin: AdminConfig, error: unknown): Error {
  const reason = error instanceof Error && "code" in error ? String(error.code) : messageOf(error);
  const settings = admin.unixSocket === undefined ? "admin.host and admin.port" : "admin.unixSocket.path";
  return new Error(
    `the HTTP listener cannot have ${placeOf(admin)} (${reason}); choose another with ${settings}`,
  );
}
