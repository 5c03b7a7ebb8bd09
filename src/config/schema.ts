/**
 * The one schema of `postern.yaml`. From it come the types, the validation, docs/configuration.md, the JSON Schema
 * and the names of the environment overlay. This room reads and checks configuration; it opens no socket and decides
 * nothing.
 */
import { z } from "zod";
import type { Secret } from "../base/secret.ts";
import type { ClaimPath } from "./claim-path.ts";
import { audit } from "./schema/audit.ts";
import type { login } from "./schema/cluster.ts";
import { clusterSchema } from "./schema/cluster.ts";
import type { algorithm } from "./schema/issuer.ts";
import { issuerSchema } from "./schema/issuer.ts";
import { pamDoor } from "./schema/pam.ts";
import { personalTokens } from "./schema/personal-tokens.ts";
import { policy } from "./schema/policy.ts";
import { admin, limits, log, postgresDoor } from "./schema/process.ts";
import { restDoor } from "./schema/rest.ts";
import { store } from "./schema/store.ts";

export { clusterSchema, issuerSchema };

import { webhooks } from "./schema/webhooks.ts";

/** The ways in, each by itself: a fault in one must not hide what is wrong with another. */
export const doorSchemas = {
  postgres: postgresDoor.optional().describe("The wire door."),
  rest: restDoor.optional().describe("The REST door: PostgREST's API."),
  pam: pamDoor.optional().describe("The PAM door: decides about logins of servers that ask by PAM."),
};

export const configSchema = z.strictObject({
  doors: z.strictObject(doorSchemas).prefault({}).describe("The ways in."),
  issuers: z
    .array(issuerSchema)
    .default([])
    .describe("Who signs tokens; none only where every request is anonymous (`decide.anonymousRole`)."),
  clusters: z.array(clusterSchema).min(1).describe("The PostgreSQL services behind Postern."),
  policy: policy.describe("What clusters with `decide.mode: rbac` decide by, and who may operate Postern."),
  limits: limits.describe("Bounds on what clients may take."),
  admin: admin
    .optional()
    .describe("The HTTP listener for /livez, /readyz, /metrics, and what PostgREST calls its admin server."),
  audit: audit.optional().describe("The ledger: who could, who did and who allowed it, so that edits show."),
  store: store
    .optional()
    .describe("The PostgreSQL database that holds Postern's own state; without it Postern keeps none."),
  webhooks: webhooks.describe("Who is told of access requests and grants, over HTTP."),
  personalTokens: personalTokens
    .optional()
    .describe(
      "Personal access tokens (`pst_…`); they need a store, and are good where policy objects decide.",
    ),
  log: log.describe("What is logged, to standard error."),
});

/** Frozen all the way down; secrets and paths keep their own types. */
type Frozen<T> = T extends Secret | ClaimPath
  ? T
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

/** The whole configuration, validated, with every default filled in. */
export type Config = Frozen<z.output<typeof configSchema>>;
export type IssuerConfig = Frozen<z.output<typeof issuerSchema>>;
export type ClusterConfig = Frozen<z.output<typeof clusterSchema>>;
export type PersonalTokensConfig = Frozen<z.output<typeof personalTokens>>;
export type PostgresDoorConfig = Frozen<z.output<typeof postgresDoor>>;
export type RestDoorConfig = Frozen<z.output<typeof restDoor>>;
export type PamDoorConfig = Frozen<z.output<typeof pamDoor>>;
export type LimitsConfig = Frozen<z.output<typeof limits>>;
/** How a cluster decides, by its mode. */
export type DecideConfig<Mode extends ClusterConfig["decide"]["mode"]> = Extract<
  ClusterConfig["decide"],
  { readonly mode: Mode }
>;
export type LoginConfig = Frozen<z.output<typeof login>>;
export type AdminConfig = Frozen<z.output<typeof admin>>;
export type AuditConfig = Frozen<z.output<typeof audit>>;
export type StoreConfig = Frozen<z.output<typeof store>>;
export type WebhookConfig = Frozen<z.output<typeof webhooks>>[number];
export type LogConfig = Frozen<z.output<typeof log>>;
export type Algorithm = z.output<typeof algorithm>;
