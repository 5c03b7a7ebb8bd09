import type { AddressInfo } from "node:net";
import { connect, createServer } from "node:net";
import { NodeWire } from "./node-wire.ts";
import { clearSocket, withMode } from "./unix-socket.ts";
import type { Address, Listener, ListenOptions, ListenUnixOptions, Network } from "./wire.ts";
import { KEEP_ALIVE_MS } from "./wire.ts";

const SOCKET = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS } as const;

/** Connections on node:net and node:tls. */
export const nodeNetwork: Network = {
  async listen({ host, port, reusePort, onWire, onError }: ListenOptions): Promise<Listener> {
    const server = createServer({ ...SOCKET, pauseOnConnect: true }, (socket) =>
      onWire(new NodeWire(socket)),
    );
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen({ port, ...(reusePort ? { reusePort } : {}), ...(host === "" ? {} : { host }) }, () => {
        server.off("error", reject);
        resolve();
      });
    });
    server.on("error", onError); // without a listener it would end the process
    const bound = server.address() as AddressInfo; // a server that listens on TCP has one
    // The callback of close() waits for all connections; the port is free at once.
    return { address: bound.address, port: bound.port, close: () => void server.close() };
  },

  async listenUnix({ path, mode, onWire, onError }: ListenUnixOptions): Promise<Listener> {
    await clearSocket(path);
    const server = createServer({ pauseOnConnect: true }, (socket) => onWire(new NodeWire(socket)));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      withMode(mode, () => server.listen({ path }, resolve)); // binds before it returns
    });
    server.removeAllListeners("error");
    server.on("error", onError);
    return { address: path, port: 0, close: () => void server.close() };
  },

  dial(address: Address) {
    const socket =
      address.kind === "unix"
        ? connect({ path: address.path })
        : connect({ host: address.ip, port: address.port, ...SOCKET });
    const opened = new Promise<void>((resolve, reject) => {
      let failure: Error | undefined;
      socket.once("error", (error) => {
        failure = error;
      });
      const onClose = () => reject(failure ?? new Error("the connection was given up"));
      socket.once("close", onClose);
      socket.once("connect", () => {
        socket.off("close", onClose);
        resolve();
      });
    });
    return { wire: new NodeWire(socket), opened };
  },
};
