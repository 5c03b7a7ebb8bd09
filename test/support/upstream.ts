import { type Clock, systemClock } from "../../src/base/clock.ts";
import type { Event } from "../../src/base/event.ts";
import type { ClusterConfig } from "../../src/config/schema.ts";
import { BackendReader } from "../../src/protocol/backend.ts";
import { parseDataRow, parseErrorFields } from "../../src/protocol/backend-messages.ts";
import { query } from "../../src/protocol/client-messages.ts";
import { createUpstream, type Upstream, type UpstreamSession } from "../../src/upstream/upstream.ts";
import { ignore } from "../../src/wire/wire.ts";
import { admissionTo } from "./admission.ts";

export interface TestUpstream {
  readonly upstream: Upstream;
  readonly cluster: ClusterConfig;
  readonly events: Event[];
  /** Opens a session as `role`. */
  open(role: string, options?: OpenOptions): Promise<UpstreamSession>;
}

export interface OpenOptions {
  readonly database?: string;
  readonly replication?: boolean;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly abort?: AbortSignal;
}

/** An upstream of one cluster. */
export function upstreamTo(
  cluster: ClusterConfig,
  environment: Record<string, string> = {},
  parts: { readonly clock?: Clock; readonly resolve?: (host: string) => Promise<readonly string[]> } = {},
): TestUpstream {
  const events: Event[] = [];
  const upstream = createUpstream({
    clusters: [cluster],
    clock: systemClock,
    observe: (event) => events.push(event),
    environment,
    ...parts,
  });
  return {
    upstream,
    cluster,
    events,
    open: async (role, options = {}) =>
      await upstream.open(
        await admissionTo(cluster, {
          role,
          ...(options.database === undefined ? {} : { database: options.database }),
          ...(options.replication === undefined ? {} : { replication: options.replication }),
        }),
        new Map(Object.entries(options.parameters ?? {})),
        options.abort ?? new AbortController().signal,
      ),
  };
}

/** Runs one simple query on a session and returns the rows; throws the server's error text. */
export function ask({ wire, head }: UpstreamSession, sql: string): Promise<(string | null)[][]> {
  const reader = new BackendReader(16 * 1024 * 1024);
  reader.push(head);
  return new Promise((resolve, reject) => {
    const rows: (string | null)[][] = [];
    let failure: Error | undefined;
    const settle = (outcome: () => void) => {
      wire.pause();
      wire.onData = ignore;
      wire.onClose = ignore;
      outcome();
    };
    wire.onClose = () => settle(() => reject(failure ?? new Error("the server closed the connection")));
    wire.onData = (chunk) => {
      reader.push(chunk);
      for (let message = reader.next(); message !== undefined; message = reader.next()) {
        if (message.type === "D") rows.push(parseDataRow(message.body));
        if (message.type === "E") {
          const fields = parseErrorFields(message.body);
          failure = new Error(`${fields.get("C")}: ${fields.get("M")}`);
        }
        if (message.type === "Z") settle(() => (failure === undefined ? resolve(rows) : reject(failure)));
      }
    };
    wire.resume();
    wire.write(query(sql));
  });
}
