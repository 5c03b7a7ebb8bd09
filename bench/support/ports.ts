import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * Linux takes the ports of outgoing connections from 32768 up (ip_local_port_range), and `pgbench -C` uses thousands of
 * them: a server that wants one of those finds it taken. Ours listen below.
 */
const FIRST_PORT = 20_000;
const FIRST_CLIENT_PORT = 32_768;
/** Enough to find a free one on a machine with a few hundred listeners. */
const ATTEMPTS = 50;

/** A port of 127.0.0.1 that nobody listens on and that no client connection will be given. */
export async function quietPort(): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(FIRST_PORT, FIRST_CLIENT_PORT);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port of 127.0.0.1 was found below ${FIRST_CLIENT_PORT}`);
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
