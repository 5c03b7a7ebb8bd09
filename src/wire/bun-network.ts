import type { BunApi, BunHandlers } from "./bun-api.ts";
import { plainHandlers } from "./bun-handlers.ts";
import { BunWire } from "./bun-wire.ts";
import { clearSocket, removeSocket, withMode } from "./unix-socket.ts";
import type { Address, Listener, ListenOptions, ListenUnixOptions, Network, Wire } from "./wire.ts";

/** Connections on Bun's native sockets. */
export function bunNetwork(bun: BunApi): Network {
  return {
    async listen({ host, port, reusePort, onWire }: ListenOptions): Promise<Listener> {
      const socket = accepting(onWire);
      const open = (hostname: string) => {
        try {
          return bun.listen({ hostname, port, reusePort, allowHalfOpen: true, socket });
        } catch (error) {
          throw withReason(error, `${hostname}:${port}`);
        }
      };
      const listening = host === "" ? onAllInterfaces(open) : open(host);
      // Bun accepts again by itself when it was out of descriptors, and tells nobody.
      return { address: listening.hostname, port: listening.port, close: () => listening.stop(false) };
    },

    async listenUnix({ path, mode, onWire }: ListenUnixOptions): Promise<Listener> {
      await clearSocket(path);
      const listening = withMode(mode, () =>
        bun.listen({ unix: path, allowHalfOpen: true, socket: accepting(onWire) }),
      );
      const close = () => {
        listening.stop(false);
        removeSocket(path);
      };
      return { address: path, port: 0, close };
    },

    dial(address: Address) {
      const wire = new BunWire();
      const opened = bun
        .connect({
          ...(address.kind === "unix"
            ? { unix: address.path }
            : { hostname: address.ip, port: address.port }),
          allowHalfOpen: true,
          data: wire,
          socket: plainHandlers,
        })
        .then(() => {
          if (wire.closed) throw new Error("the connection was given up");
        });
      return { wire, opened };
    },
  };
}

function accepting(onWire: (wire: Wire) => void): BunHandlers {
  return {
    ...plainHandlers,
    open: (opened) => {
      const wire = new BunWire();
      wire.opened(opened);
      onWire(wire);
    },
  };
}

/** Bun's message names the address alone: here the port and the reason are in it as well, as in Node's. */
function withReason(error: unknown, place: string): unknown {
  if (error instanceof Error && "code" in error) error.message = `listen ${String(error.code)} ${place}`;
  return error;
}

/** IPv6 with IPv4 in it, or IPv4 alone on a machine without IPv6. */
function onAllInterfaces<T>(open: (hostname: string) => T): T {
  try {
    return open("::");
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EAFNOSUPPORT") throw error;
    return open("0.0.0.0");
  }
}
