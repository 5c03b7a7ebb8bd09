import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AccessWorld } from "./access-world.ts";
import { bind, group, may, putWriteOffer, role, startAccessWorld } from "./access-world.ts";
import { apiOf } from "./api.ts";
import type { Gateway } from "./gateway.ts";
import { startGateway } from "./gateway.ts";

/** A single node: policy, requests, tokens and a required ledger in a PostgreSQL that Postern itself brings. */
export interface SingleNode {
  readonly world: AccessWorld;
  /** Where the store is. */
  readonly directory: string;
  /** A gateway with the same configuration, or with more; the one before has to be gone. */
  again(more?: Readonly<Record<string, unknown>>): Promise<Gateway>;
  /** The process of the store's server. */
  serverPid(): number;
  /** Ends what is left of the world, and what is left of a store that nobody stopped. */
  stop(): Promise<void>;
}

export async function startSingleNode(): Promise<SingleNode> {
  const place = mkdtempSync(join(tmpdir(), "postern-single-"));
  chmodSync(place, 0o711); // PostgreSQL's user must get through
  const directory = join(place, "state");
  const world = await startAccessWorld({
    cluster: { namespace: "shop", decide: { mode: "rbac" }, audit: "required" },
    config: {
      store: { embedded: { directory } },
      audit: { node: "single", sink: { kind: "store" } },
    },
  });
  const serverPid = () =>
    Number(readFileSync(join(directory, "data", "postmaster.pid"), "utf8").split("\n")[0]);
  return {
    world,
    directory,
    again: (more = {}) => startGateway({ ...world.config, ...more }),
    serverPid,
    stop: async () => {
      await world.stop();
      rmSync(place, { recursive: true, force: true });
    },
  };
}

/** Policy by which engineers may ask to be `ada`, which leads may grant. */
export async function putPolicy({ world }: SingleNode): Promise<void> {
  await world.put(role("connect", may("connect", "databases", "main/*")));
  await world.put(bind("everybody", "connect", group("system:authenticated")));
  await world.put(role("writer", may("assume", "databaseroles", "ada")));
  await putWriteOffer(world);
}

/** Asks for the role as ben, and grants it as cleo. */
export async function grantToBen({ world }: SingleNode, gateway: Gateway): Promise<void> {
  const ben = apiOf(gateway, world.token("ben", { groups: ["engineers"] }));
  const asked = await ben("POST", "/namespaces/shop/accessrequests", {
    offer: "write",
    duration: "30m",
    reason: "ticket 4711",
  });
  if (asked.status !== 201) throw new Error(JSON.stringify(asked.body));
  const cleo = apiOf(gateway, world.token("cleo", { groups: ["leads"] }));
  const approved = await cleo("POST", `/accessrequests/${asked.body.id}/approve`, {});
  if (approved.status !== 200) throw new Error(JSON.stringify(approved.body));
}

/** The code that ben's login as the granted role fails with; undefined when it does not. */
export async function benLogsIn({ world }: SingleNode, { port }: Gateway): Promise<string | undefined> {
  const password = world.token("ben", { groups: ["engineers"] });
  const client = world.client({ port, user: "ada", password });
  try {
    await client.connect();
    await client.query("SELECT 1");
    return undefined;
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error);
  } finally {
    await client.end().catch(() => {});
  }
}
