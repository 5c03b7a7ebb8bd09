import type { Clock } from "../base/clock.ts";
import type { StoreConfig } from "../config/schema.ts";
import { StoreClient } from "./client.ts";
import { Connection } from "./connection.ts";
import type { ConnectionParts } from "./connections.ts";
import { CLOSE_MS } from "./connections.ts";
import { storeError } from "./failure.ts";
import type { Health } from "./health.ts";
import type { Hosts } from "./hosts.ts";
import { loginOf } from "./login.ts";

/** Before a lost connection is made anew: at once at first, for revocations wait; a store that stays away is asked twice a second. */
const RETRY_MS = [0, 100, 250, 500] as const;
/** A connection that fell silent is found out after this long and one deadline. */
const BEAT_MS = 5000;

type Heard = (payload: string | undefined) => void;

/** One dedicated connection that waits for notifications (PostgreSQL docs, "LISTEN"), and is made anew when it is lost. */
export class Listener {
  readonly #now: () => StoreConfig;
  readonly #hosts: Hosts;
  readonly #clock: Clock;
  readonly #health: Health;
  readonly #channels = new Map<string, Set<Heard>>();
  #client: StoreClient | undefined;
  #connection: Connection | undefined;
  #failures = 0;
  #callOff: () => void = () => {};
  #closed = false;

  constructor({ now, hosts, clock, health }: ConnectionParts) {
    this.#now = now;
    this.#hosts = hosts;
    this.#clock = clock;
    this.#health = health;
  }

  listen(channel: string, heard: Heard): () => void {
    if (!/^[a-z_]{1,63}$/.test(channel)) throw new TypeError("a channel has a plain name");
    const known = this.#channels.get(channel) ?? new Set();
    known.add(heard);
    this.#channels.set(channel, known);
    if (this.#client === undefined) this.#connectIn(0);
    else if (this.#connection !== undefined) void this.#subscribe(this.#connection, [channel]);
    return () => void known.delete(heard);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#callOff();
    const client = this.#client;
    if (client === undefined) return;
    const callOff = this.#clock.after(CLOSE_MS, () => client.destroy());
    await client.end().catch(() => {});
    callOff();
  }

  #connectIn(ms: number): void {
    this.#callOff();
    this.#callOff = this.#clock.after(ms, () => void this.#connect());
  }

  async #connect(): Promise<void> {
    if (this.#closed || this.#client !== undefined) return;
    const client = new StoreClient(loginOf(this.#now, this.#hosts));
    this.#client = client;
    client.on("error", (error) => this.#lose(client, error));
    client.on("end", () => this.#lose(client, new Error("the connection that listens was closed")));
    client.on("notification", ({ channel, payload }) => this.#tell(channel, payload ?? ""));
    try {
      await client.connect();
      if (this.#client !== client) return;
      this.#connection = new Connection(client, this.#now(), this.#clock);
      await this.#subscribe(this.#connection, [...this.#channels.keys()]);
    } catch (error) {
      this.#lose(client, error);
    }
  }

  /** From here on every notification arrives; those from before may have been missed. */
  async #subscribe(connection: Connection, channels: readonly string[]): Promise<void> {
    try {
      await connection.script(channels.map((channel) => `LISTEN ${channel}`).join("; "));
    } catch (error) {
      if (this.#client !== undefined) this.#lose(this.#client, error);
      return;
    }
    this.#failures = 0;
    this.#health.answered();
    for (const channel of channels) this.#tell(channel, undefined);
    this.#beat(connection);
  }

  #beat(connection: Connection): void {
    this.#callOff();
    this.#callOff = this.#clock.after(BEAT_MS, async () => {
      const client = this.#client;
      try {
        await connection.script("SELECT 1");
        this.#health.answered();
        if (this.#client === client && !this.#closed) this.#beat(connection);
      } catch (error) {
        if (client !== undefined) this.#lose(client, error);
      }
    });
  }

  #lose(client: StoreClient, why: unknown): void {
    if (this.#client !== client || this.#closed) return;
    this.#client = undefined;
    this.#connection = undefined;
    this.#health.failed(storeError(why).message);
    client.on("error", () => {});
    void client.end().catch(() => {});
    this.#connectIn(RETRY_MS[Math.min(this.#failures++, RETRY_MS.length - 1)] ?? 0);
  }

  #tell(channel: string, payload: string | undefined): void {
    for (const heard of [...(this.#channels.get(channel) ?? [])]) heard(payload);
  }
}
