import { hostname } from "node:os";
import { fileOfWorker } from "../audit/ledger/file-names.ts";
import { FileSink } from "../audit/ledger/file-sink.ts";
import { Ledger } from "../audit/ledger/ledger.ts";
import { noSink } from "../audit/ledger/no-sink.ts";
import { openSigningKey } from "../audit/ledger/signing-key.ts";
import type { Sink } from "../audit/ledger/sink.ts";
import type { Clock } from "../base/clock.ts";
import type { Event, Observe } from "../base/event.ts";
import { Secret } from "../base/secret.ts";
import type { AuditConfig } from "../config/schema.ts";
import { forwardsOf } from "./forwards.ts";

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
  config: AuditConfig | undefined,
  { clock, observe, worker }: LedgerOptions,
): Promise<Ledger | undefined> {
  if (config === undefined) return undefined;
  const { signingKey, checkpoint, requests } = config;
  const name = nodeName(config);
  return Ledger.open({
    node: worker === undefined ? name : `${name}-w${worker}`,
    sink: sinkOf(config, clock, worker),
    forwards: forwardsOf(config, { clock, observe }),
    signer: signingKey === undefined ? undefined : openSigningKey(signingKey),
    checkpoint,
    leaveOut: new Set<Event["event"]>(requests ? [] : ["request.v1"]),
    clock,
    observe,
  });
}

function sinkOf({ sink }: AuditConfig, clock: Clock, worker: number | undefined): Sink {
  if (sink.kind === "none") return noSink;
  const { path, rotateSize, rotateAge } = sink;
  return new FileSink({ path: fileOfWorker(path, worker), rotateSize, rotateAge }, clock);
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
