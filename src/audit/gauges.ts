import type { Registry } from "prom-client";
import { Counter, Gauge } from "prom-client";
import type { Clock } from "../base/clock.ts";
import type { Readings, Tally } from "./readings.ts";

interface GaugeParts {
  readonly registers: Registry[];
  readonly clock: Clock;
  readonly tally: Tally;
  readonly read: () => Readings | undefined;
}

/**
 * Makes the series that are read at each scrape. They are emptied first, so that what a reload took out of the
 * configuration is gone from the metrics too.
 */
export function createGauges({ registers, clock, tally, read }: GaugeParts): void {
  new Gauge({
    name: "postern_upstream_up",
    help: "Whether a host is taken to be up (1) or known to be down (0).",
    labelNames: ["cluster", "host"],
    aggregator: "min",
    registers,
    collect() {
      this.reset();
      for (const { cluster, host, up } of read()?.hosts ?? []) this.set({ cluster, host }, up ? 1 : 0);
    },
  });
  new Gauge({
    name: "postern_keys_age_seconds",
    help: "Since an issuer's keys were last loaded from their file or URL.",
    labelNames: ["issuer"],
    aggregator: "max",
    registers,
    collect() {
      this.reset();
      for (const issuer of read()?.issuers ?? []) {
        const at = tally.keysLoadedAt.get(issuer);
        if (at !== undefined) this.set({ issuer }, (clock.now() - at) / 1000);
      }
    },
  });
  new Gauge({
    name: "postern_unauthenticated_connections",
    help: "Connections before the end of their login.",
    registers,
    collect() {
      this.set(read()?.unauthenticated ?? 0);
    },
  });
  new Gauge({
    name: "postern_draining",
    help: "Whether Postern is shutting down.",
    aggregator: "max",
    registers,
    collect() {
      this.set(read()?.draining === true ? 1 : 0);
    },
  });
  new Counter({
    name: "postern_session_bytes_total",
    help: "Bytes that sessions have carried after their login, those of live sessions included.",
    labelNames: ["direction"],
    registers,
    collect() {
      const live = read()?.liveBytes;
      this.reset();
      this.inc({ direction: "from_client" }, tally.endedBytes.fromClient + (live?.fromClient ?? 0));
      this.inc({ direction: "to_client" }, tally.endedBytes.toClient + (live?.toClient ?? 0));
    },
  });
  new Gauge({
    name: "postern_pool_connections",
    help: "Server connections of the REST door's pool.",
    labelNames: ["state"],
    registers,
    collect() {
      this.reset();
      const pool = read()?.pool;
      if (pool === undefined) return;
      for (const state of ["busy", "idle", "opening"] as const) this.set({ state }, pool[state]);
    },
  });
  new Gauge({
    name: "postern_pool_waiting",
    help: "Requests of the REST door that wait for a connection.",
    registers,
    collect() {
      this.set(read()?.pool?.waiting ?? 0);
    },
  });
  new Gauge({
    name: "postern_pool_timeouts",
    help: "Requests of the REST door that waited in vain, since the configuration was put in force.",
    registers,
    collect() {
      this.set(read()?.pool?.timeouts ?? 0);
    },
  });
}
