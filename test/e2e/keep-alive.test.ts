import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { after, before, test } from "node:test";
import { eventually } from "../support/eventually.ts";
import type { World } from "../support/world.ts";
import { startWorld } from "../support/world.ts";

const CLIENT_S = 40;
const SERVER_S = 20;

let world: World;
before(async () => {
  world = await startWorld({
    limits: { tcpKeepAlive: `${CLIENT_S}s` },
    cluster: { tcpKeepAlive: `${SERVER_S}s` },
  });
});
after(() => world.stop());

interface TcpSocket {
  readonly localPort: number;
  readonly remotePort: number;
  readonly inode: string;
  /** Seconds until the next sign of life is asked for; undefined when no keepalive timer runs. */
  readonly keepAliveIn: number | undefined;
}

/** Ticks of the kernel's clock in /proc (proc(5), USER_HZ). */
const TICKS = 100;
/** The kind of timer that keepalive is in /proc/net/tcp. */
const KEEP_ALIVE_TIMER = "02";

/** Established TCP sockets, as the kernel has them ("/proc/net/tcp", kernel docs, proc_net_tcp). */
function sockets(): TcpSocket[] {
  const table = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((file) =>
    readFileSync(file, "utf8").trim().split("\n").slice(1),
  );
  return table.flatMap((line) => {
    const [, local = "", remote = "", state, , timer = "", , , , inode = ""] = line.trim().split(/\s+/);
    if (state !== "01") return [];
    const port = (address: string) => Number.parseInt(address.split(":")[1] ?? "", 16);
    const [kind, ticks = ""] = timer.split(":");
    const keepAliveIn = kind === KEEP_ALIVE_TIMER ? Number.parseInt(ticks, 16) / TICKS : undefined;
    return [{ localPort: port(local), remotePort: port(remote), inode, keepAliveIn }];
  });
}

/** Sockets of the gateway's process. */
function gatewaySockets(): TcpSocket[] {
  const directory = `/proc/${world.gateway.pid}/fd`;
  const links = new Set(
    readdirSync(directory).map((fd) => {
      try {
        return readlinkSync(`${directory}/${fd}`);
      } catch {
        return ""; // closed between the look and the read
      }
    }),
  );
  return sockets().filter(({ inode }) => links.has(`socket:[${inode}]`));
}

test("clients and servers that fall silent are asked for a sign of life after the times that are set", async () => {
  const client = await world.connect();
  await client.query("SELECT 1");
  for (const [who, seconds, is] of [
    ["the client", CLIENT_S, ({ localPort }: TcpSocket) => localPort === world.gateway.port],
    ["the server", SERVER_S, ({ remotePort }: TcpSocket) => remotePort === world.postgres.port],
  ] as const) {
    const left = await eventually(`a keepalive timer towards ${who}`, () => {
      return gatewaySockets().find((socket) => is(socket) && socket.keepAliveIn !== undefined)?.keepAliveIn;
    });
    assert.ok(left > seconds - 15 && left <= seconds, `${left} s towards ${who}`);
  }
  await client.end();
});
