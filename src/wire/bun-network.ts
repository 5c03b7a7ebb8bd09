import type { BunApi } from "./bun-api.ts";
import { plainHandlers } from "./bun-handlers.ts";
import { BunWire } from "./bun-wire.ts";
import type { Address, Listener, ListenOptions, Network } from "./wire.ts";

/** Connections on Bun's native sockets. */
export function bunNetwork(bun: BunApi): Network {
  return {
    async listen({ host, port, reusePort, onWire }: ListenOptions): Promise<Listener> {
      const socket = {
        ...plainHandlers,
        open: (opened: Parameters<typeof plainHandlers.open>[0]) => {
          const wire = new BunWire();
          wire.opened(opened);
          onWire(wire);
        },
      };
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
