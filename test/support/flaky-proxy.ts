import type { AddressInfo, Socket } from "node:net";
import { createConnection, createServer } from "node:net";

/** What becomes of bytes on their way to the server. */
export type Fate =
  | "pass"
  /** The connection breaks before they arrive. */
  | "lose"
  /** They arrive, and the connection breaks before the answer does. */
  | "lose-answer";

export interface FlakyProxy {
  readonly port: number;
  /** `silent`: accepts and says nothing. `away`: breaks every connection. */
  mode: "pass" | "silent" | "away";
  /** Asked for each chunk that a client sends. */
  judge: (bytes: Buffer) => Fate;
  /** Breaks every connection that there is. */
  cut(): void;
  stop(): Promise<void>;
}

/** A network between a client and a server on this machine that fails as a test says. */
export async function startFlakyProxy(serverPort: number): Promise<FlakyProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((client) => {
    client.on("error", () => {});
    if (proxy.mode === "away") return void client.destroy();
    const upstream = createConnection({ host: "127.0.0.1", port: serverPort });
    upstream.on("error", () => {});
    const pair = [client, upstream] as const;
    pairs.add(pair);
    const close = () => {
      pairs.delete(pair);
      client.destroy();
      // What was sent still arrives.
      upstream.end();
    };
    client.on("close", close);
    upstream.on("close", close);
    let lost = false;
    client.on("data", (bytes: Buffer) => {
      if (proxy.mode === "silent" || lost) return;
      const fate = proxy.judge(bytes);
      if (fate === "lose") return close();
      lost = fate === "lose-answer";
      upstream.write(bytes);
    });
    upstream.on("data", (bytes) => {
      if (lost) close();
      else if (proxy.mode !== "silent") client.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const proxy: FlakyProxy = {
    port: (server.address() as AddressInfo).port,
    mode: "pass",
    judge: () => "pass",
    cut: () => {
      for (const [client, upstream] of [...pairs]) {
        client.destroy();
        upstream.destroy();
      }
    },
    stop: async () => {
      proxy.cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
