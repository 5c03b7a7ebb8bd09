/** Clients that come, get so far, and leave: what a gateway sees of the world in a day. */
import { randomInt } from "node:crypto";
import { RawClient } from "./raw-client.ts";
import { packet, passwordMessage, sslRequest, startupPacket, typed } from "./wire-bytes.ts";
import type { World } from "./world.ts";

/** How a client leaves: with a goodbye on TCP, by dropping everything, or with a reset. */
const departures: readonly ((client: RawClient) => void)[] = [
  ({ socket }) => socket.end(),
  (client) => client.vanish(),
  (client) => client.reset(),
];

function leave(client: RawClient): void {
  departures[randomInt(departures.length)]?.(client);
}

const ada = { user: "ada", database: "postgres" };
const long = 60;

/** A client that comes, gets so far, and leaves. Resolves when it has left. */
export type Visit = (world: World) => Promise<void>;

const secured = (world: World) => RawClient.tls({ port: world.gateway.port, ca: world.ca });
const plain = (world: World) => RawClient.plain({ port: world.gateway.port });

async function asked(world: World): Promise<RawClient> {
  const client = await secured(world);
  client.send(startupPacket(ada));
  await client.messagesUntil("R");
  return client;
}

async function loggedIn(world: World): Promise<RawClient> {
  const client = await secured(world);
  await client.logIn("ada", world.token("ada"));
  return client;
}

/** Clients that leave, or are sent away, before there is a session, by how far they get. */
export const strangers: Readonly<Record<string, Visit>> = {
  "leaves without a word": async (world) => leave(await plain(world)),
  "leaves when TLS was agreed on": async (world) => {
    const client = await plain(world);
    client.send(sslRequest);
    await client.bytes(1);
    leave(client);
  },
  "leaves in the middle of a TLS handshake": async (world) => {
    const client = await plain(world);
    client.send(sslRequest);
    await client.bytes(1);
    client.send(Buffer.from("16030100f0010000ec0303", "hex"));
    leave(client);
  },
  "sends garbage where a TLS handshake belongs": async (world) => {
    const client = await plain(world);
    client.send(sslRequest);
    await client.bytes(1);
    client.send(Buffer.from("GET / HTTP/1.1\r\n\r\n"));
    await client.gone();
  },
  "sends a packet that no client sends": async (world) => {
    const client = await plain(world);
    client.send(packet(0x1234_5678));
    await client.gone();
  },
  "leaves within the startup packet": async (world) => {
    const client = await secured(world);
    client.send(startupPacket(ada).subarray(0, 20));
    leave(client);
  },
  "leaves when it is asked for the token": async (world) => leave(await asked(world)),
  "leaves within the token": async (world) => {
    const client = await asked(world);
    client.send(passwordMessage(world.token("ada")).subarray(0, 100));
    leave(client);
  },
  "sends a token that is none": async (world) => {
    const client = await asked(world);
    client.send(passwordMessage("x".repeat(randomInt(1, 4000))));
    await client.refusal();
  },
  "sends another one's token": async (world) => {
    const client = await asked(world);
    client.send(passwordMessage(world.token("ben")));
    await client.refusal();
  },
  "sends a cancel request with a made-up key": (world) =>
    world.cancel(randomInt(1, 99_999), Buffer.alloc(4, 7)),
};

/** Clients that are let in, by how they leave. */
export const guests: Readonly<Record<string, Visit>> = {
  "leaves while the server is asked": async (world) => {
    const client = await asked(world);
    client.send(passwordMessage(world.token("ada")));
    leave(client);
  },
  "logs in, asks, and says goodbye": async (world) => {
    const client = await loggedIn(world);
    await client.query("SELECT 1");
    client.send(typed("X", Buffer.alloc(0)));
    await client.gone();
  },
  "leaves in the middle of a query": async (world) => {
    const client = await loggedIn(world);
    client.send(typed("Q", Buffer.from(`SELECT pg_sleep(${long})\0`)));
    leave(client);
  },
  "leaves in the middle of a message": async (world) => {
    const client = await loggedIn(world);
    client.send(typed("Q", Buffer.from("SELECT 1\0")).subarray(0, 7));
    leave(client);
  },
  "leaves in the middle of a result": async (world) => {
    const client = await loggedIn(world);
    client.send(
      typed("Q", Buffer.from("COPY (SELECT repeat('x', 1000) FROM generate_series(1, 10000)) TO STDOUT\0")),
    );
    await client.messagesUntil("d");
    leave(client);
  },
  "leaves in the middle of a COPY of its own": async (world) => {
    const client = await loggedIn(world);
    client.send(typed("Q", Buffer.from("COPY items FROM STDIN\0")));
    await client.messagesUntil("G");
    client.send(typed("d", Buffer.from("1000\tx\n")));
    leave(client);
  },
};

/** Runs `count` visits of these kinds in turn, so many at a time. */
export async function visits(
  world: World,
  kinds: Readonly<Record<string, Visit>>,
  { count, at: width }: { readonly count: number; readonly at: number },
): Promise<void> {
  const named = Object.entries(kinds);
  let next = 0;
  const visitor = async () => {
    while (next < count) {
      const [name, visit] = named[next++ % named.length] ?? [];
      await visit?.(world).catch((error: unknown) => {
        throw new Error(`a client that ${name} failed`, { cause: error });
      });
    }
  };
  await Promise.all(Array.from({ length: width }, visitor));
}
