import type { Server } from "node:net";
import { createServer } from "node:net";
import type { Address } from "../doors.ts";

interface Place {
  /** Empty for all interfaces. */
  readonly host: string;
  readonly port: number;
}

/** An address that is ours to share. */
interface Claim extends Address {
  /** To be called once the workers listen. */
  readonly release: () => void;
}

/**
 * Finds out whether an address can be had, and which port it is when any will do. Sockets that share a port
 * (SO_REUSEPORT, socket(7)) do not notice each other: without this, a second Postern on the same port would quietly
 * take half of the first one's connections.
 * @throws Error when it cannot be had
 */
export async function claim({ host, port }: Place): Promise<Claim> {
  const probe = await listen({ host, port }, false);
  const found = addressOf(probe);
  await new Promise((done) => probe.close(done));
  if (port !== 0) return { ...found, release: () => {} };
  // A port that was free a moment ago is kept until the workers have it. Nobody knows it yet, so nobody connects.
  const holder = await listen({ host, port: found.port }, true);
  return { ...found, release: () => void holder.close() };
}

function listen({ host, port }: Place, reusePort: boolean): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", reject);
    const where = { port, ...(reusePort ? { reusePort } : {}), ...(host === "" ? {} : { host }) };
    server.listen(where, () => resolve(server));
  });
}

function addressOf(server: Server): Address {
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new TypeError("a TCP server has an address");
  return { address: address.address, port: address.port };
}
