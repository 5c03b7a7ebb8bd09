import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Below the ports that kernels give to connections and to listeners that name none (32768 and up on Linux, 49152 elsewhere). */
const FROM = 12_000;
const TO = 32_000;

/**
 * A port of 127.0.0.1 that nobody listens on, for who listens there later: nobody else is given it meanwhile, unlike one
 * that the kernel chose.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM, TO);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}
