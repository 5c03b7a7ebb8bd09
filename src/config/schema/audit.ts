/** `audit`: the ledger, where it is kept and where it is sent. */
import { z } from "zod";
import { duration, newFilePath, port, secretSource, size } from "./values.ts";

const sink = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("file").describe("A file, one record a line."),
    path: newFilePath.describe(
      "The file; a worker process has its own, with its number in the name, and full ones are put aside beside it.",
    ),
    rotateSize: size.prefault("100MB").describe("A file of this size is put aside, and a new one begun."),
    rotateAge: duration.optional().describe("A file this old is put aside too."),
  }),
  z.strictObject({
    kind: z.literal("store").describe("The store (`store.url`), for all nodes together."),
  }),
  z.strictObject({
    kind: z
      .literal("none")
      .describe("Nowhere of ours; records only go where `forwards` says, and none is certain."),
  }),
]);

const only = z
  .enum(["all", "checkpoints"])
  .default("all")
  .describe("Which records are sent: all, or the signed checkpoints alone.");

const forward = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("stdout").describe("Standard output, one record a line."),
    only,
  }),
  z.strictObject({
    kind: z.literal("syslog").describe("A syslog server, RFC 5424."),
    protocol: z.enum(["udp", "tcp"]).default("udp").describe("RFC 5426, or RFC 6587 with counted octets."),
    host: z.string().min(1).default("127.0.0.1").describe("The server's name or address."),
    port: port.min(1).default(514).describe("The server's port."),
    facility: z
      .int()
      .min(0)
      .max(23)
      .default(13)
      .describe("The facility's number; 13 is the one for audits, 16 to 23 are local0 to local7."),
    only,
  }),
  z.strictObject({
    kind: z.literal("webhook").describe("An HTTP endpoint that records are posted to, as a JSON array."),
    url: z.url({ protocol: /^https?$/ }).describe("Where to post."),
    secret: secretSource.describe(
      "The key of the signature (HMAC-SHA-256, as Standard Webhooks has it); the receiver has it too.",
    ),
    timeout: duration.prefault("10s").describe("How long an answer may take."),
    only,
  }),
]);

export const audit = z.strictObject({
  node: z
    .string()
    .regex(
      /^[A-Za-z0-9][\w.-]{0,62}$/,
      "is not the name of a node; write letters, digits, `.`, `_` and `-`, at most 63",
    )
    .optional()
    .describe("The name of this node in its records; the machine's by default."),
  sink: sink.describe("Where the ledger is kept. An event is safe once it is there."),
  forwards: z.array(forward).default([]).describe("Where records are sent as well."),
  signingKey: newFilePath
    .optional()
    .describe(
      "The Ed25519 key that signs checkpoints (PEM); made at the first start when there is none. Without it there are no checkpoints.",
    ),
  checkpoint: z
    .strictObject({
      records: z.int().min(1).default(1000).describe("A checkpoint after so many records."),
      interval: duration
        .prefault("5m")
        .describe("A checkpoint after this long, when there is something new."),
    })
    .prefault({})
    .describe("When the state of the chain is signed."),
  requests: z
    .boolean()
    .default(true)
    .describe("Whether each request of the REST door is recorded, and not only its session."),
  statements: z
    .enum(["off", "text", "with-parameters"])
    .default("off")
    .describe(
      "Whether each statement of the wire door is recorded: its SQL as it was sent, and with the values of parameters or without. What is in them is your users' own.",
    ),
});

/** `clusters[].audit`. */
export const clusterAudit = z
  .enum(["required", "best-effort"])
  .default("best-effort")
  .describe("`required`: no session begins before the ledger has it. It needs `audit.sink`.");
