import type { SealedRecord } from "../audit/ledger/record.ts";
import { Sender } from "../audit/ledger/sender.ts";
import type { Forward } from "../audit/ledger/sink.ts";
import { syslogMessage } from "../audit/ledger/syslog.ts";
import { WEBHOOK_BATCH, webhookSend } from "../audit/ledger/webhook.ts";
import type { Clock } from "../base/clock.ts";
import type { Observe } from "../base/event.ts";
import type { AuditConfig } from "../config/schema.ts";
import { webhookPost } from "../outbound/webhook.ts";
import { tcpSyslog, udpSyslog } from "./syslog.ts";

type ForwardConfig = AuditConfig["forwards"][number];

interface Around {
  readonly clock: Clock;
  readonly observe: Observe;
}

/** Records in one write, or one turn of datagrams. */
const BATCH = 500;

/** Where the records of the ledger are sent as well. */
export function forwardsOf({ forwards }: AuditConfig, around: Around): readonly Forward[] {
  return forwards.map((config) => forwardOf(config, around));
}

function forwardOf(config: ForwardConfig, around: Around): Forward {
  const { only } = config;
  switch (config.kind) {
    case "stdout":
      return new Sender({ ...around, only, name: "stdout", batch: BATCH, send: printRecords });
    case "webhook": {
      const stopped = new AbortController();
      const post = webhookPost(around.clock, stopped.signal);
      const send = webhookSend((id, body) => post(config, id, body));
      const name = `webhook ${new URL(config.url).origin}`; // a path may hold a token
      return new Sender({ ...around, only, name, batch: WEBHOOK_BATCH, send, close: () => stopped.abort() });
    }
    case "syslog": {
      const { protocol, host, port, facility } = config;
      const transport = protocol === "tcp" ? tcpSyslog({ host, port }) : udpSyslog({ host, port });
      const send = (records: readonly SealedRecord[]) =>
        transport.send(records.map((record) => syslogMessage(record, facility)));
      const name = `syslog ${protocol} ${host}:${port}`;
      return new Sender({ ...around, only, name, batch: BATCH, send, close: () => transport.close() });
    }
    default:
      return config satisfies never;
  }
}

function printRecords(records: readonly SealedRecord[]): Promise<void> {
  const text = records.map(({ line }) => `${line}\n`).join("");
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
  });
}
