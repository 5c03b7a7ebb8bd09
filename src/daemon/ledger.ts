import { hostname } from "node:os";
import { AuditError } from "../audit/ledger/errors.ts";
import { fileOfWorker } from "../audit/ledger/file-names.ts";
import { FileSink } from "../audit/ledger/file-sink.ts";
import { Ledger } from "../audit/ledger/ledger.ts";
import { noSink } from "../audit/ledger/no-sink.ts";
import { openSigningKey } from "../audit/ledger/signing-key.ts";
import type { Sink } from "../audit/ledger/sink.ts";
import { StoreSink } from "../audit/ledger/store-sink.ts";
import type { Clock } from "../base/clock.ts";
import type { Event, Observe } from "../base/event.ts";
import { Secret } from "../base/secret.ts";
import type { AuditConfig, Config, StoreConfig } from "../config/schema.ts";
import { StoreError } from "../store/errors.ts";
import { claimChains, StoredLedger } from "../store/ledger.ts";
import type { Queries } from "../store/queries.ts";
import type { StoreParts } from "../store/store.ts";
import { createStore } from "../store/store.ts";
import { forwardsOf } from "./forwards.ts";
import { prepareStore } from "./store.ts";

interface LedgerOptions {
  readonly clock: Clock;
  readonly observe: Observe;
  /** Which worker this process is; none when it is alone, or the supervisor. */
  readonly worker: number | undefined;
}

/**
 * Opens the ledger that the configuration asks for. Each process has a chain of its own.
 * @throws AuditError when it cannot be used
 */
export async function openLedger(
  { audit, store }: Pick<Config, "audit" | "store">,
  options: LedgerOptions,
): Promise<Ledger | undefined> {
  if (audit === undefined) return undefined;
  for (let { worker } = options, tries = 1; ; tries++) {
    try {
      return await openOne({ audit, store }, { ...options, worker });
    } catch (error) {
      const inUse = error instanceof AuditError && error.code === "audit/in-use";
      if (!inUse || worker === undefined || tries === MAX_GENERATIONS) throw error;
      worker += MOST_WORKERS;
    }
  }
}

/** The configuration allows no more; beyond them are numbers that no other worker has. */
const MOST_WORKERS = 64;
/**
 * A worker that outlived its supervisor has its chain until its sessions have ended, and the one that comes in its place
 * does not wait for that: the supervisor's own chain has shown that there is no second Postern.
 */
const MAX_GENERATIONS = 8;

async function openOne(
  { audit, store }: { readonly audit: AuditConfig; readonly store: StoreConfig | undefined },
  { clock, observe, worker }: LedgerOptions,
): Promise<Ledger> {
  const { signingKey, checkpoint, requests } = audit;
  const name = nodeName(audit);
  const node = worker === undefined ? name : `${name}-w${worker}`;
  return Ledger.open({
    node,
    sink: sinkOf({ audit, store, node, worker, clock, observe }),
    forwards: forwardsOf(audit, { clock, observe }),
    signer: signingKey === undefined ? undefined : openSigningKey(signingKey),
    checkpoint,
    isAway: isStoreAway,
    leaveOut: new Set<Event["event"]>(requests ? [] : ["request.v1"]),
    clock,
    observe,
  });
}

interface SinkOptions extends LedgerOptions {
  readonly audit: AuditConfig;
  readonly store: StoreConfig | undefined;
  readonly node: string;
}

function sinkOf({ audit: { sink }, store, node, worker, clock, observe }: SinkOptions): Sink {
  switch (sink.kind) {
    case "none":
      return noSink;
    case "file": {
      const { path, rotateSize, rotateAge } = sink;
      return new FileSink({ path: fileOfWorker(path, worker), rotateSize, rotateAge }, clock);
    }
    case "store":
      if (store === undefined)
        throw new TypeError("a ledger in the store has one, as the configuration checks");
      return storeSink(store, node, { clock, observe });
    default:
      return sink satisfies never;
  }
}

/**
 * A connection of its own: logins that must be recorded do not wait behind what else the store is asked, and only the
 * connection that has the node's chains writes to them.
 */
export const LEDGER_CONNECTIONS = 1;

function storeSink(config: StoreConfig, node: string, parts: StoreParts): Sink {
  const onConnect = (connection: Queries) => claim(connection, { schema: config.schema, node, ...parts });
  const store = createStore(config, { ...parts, onConnect });
  return new StoreSink({
    node,
    table: new StoredLedger(store),
    prepare: () => prepareStore(store, config),
    close: () => store.close(),
  });
}

function isStoreAway(error: unknown): boolean {
  return error instanceof StoreError && error.code === "store/unavailable";
}

/** A server takes a moment to notice that a process was killed, or to finish what it was at. */
const CLAIM_TRIES = 20;
const CLAIM_PAUSE_MS = 100;

interface Claim {
  readonly schema: string;
  readonly node: string;
  readonly clock: Clock;
}

/** @throws AuditError `audit/in-use` */
async function claim(connection: Queries, { schema, node, clock }: Claim): Promise<void> {
  for (let tries = 1; tries <= CLAIM_TRIES; tries++) {
    if (await claimChains(connection, schema, node)) return;
    await new Promise<void>((done) => clock.after(CLAIM_PAUSE_MS, done));
  }
  throw new AuditError(
    "audit/in-use",
    `another Postern keeps this ledger, node "${node}" in the store; stop it, or give each node a name of its own (audit.node)`,
  );
}

/** The longest name that the configuration could give too. */
const MAX_NAME = 63;

function nodeName({ node }: AuditConfig): string {
  return (
    node ??
    (hostname()
      .replaceAll(/[^\w.-]/g, "-")
      .slice(0, MAX_NAME) ||
      "node")
  );
}

/** Whether two configurations have the same ledger: another one needs a restart, because a chain has one writer. */
export function sameLedger(one: AuditConfig | undefined, other: AuditConfig | undefined): boolean {
  return inFull(one) === inFull(other);
}

function inFull(config: AuditConfig | undefined): string {
  return JSON.stringify(config ?? null, function (this: Record<string, unknown>, name, shown: unknown) {
    const value = this[name];
    return value instanceof Secret ? value.reveal() : shown;
  });
}
