/** `clusters[].decide`: how it is decided who may be which role. */
import { z } from "zod";
import { remoteDecision } from "./remote-decision.ts";
import { claimPath, roleName } from "./values.ts";

const issuers = z
  .array(z.string())
  .min(1)
  .optional()
  .describe("Names of the issuers this cluster trusts; all by default.");

const tokenDecision = z.strictObject({
  mode: z.literal("token").describe("The signed claim names the role; no store is needed."),
  issuers,
  roleClaim: claimPath
    .prefault("$.sub")
    .describe("RFC 9535 JSON Path of the claim that names the database role; a list means any of them."),
  roleMapping: z
    .record(z.string(), z.array(roleName))
    .optional()
    .describe("Claim value → database roles. With it, a value that is not listed gives nothing."),
  anonymousRole: roleName
    .optional()
    .describe(
      "REST only: the role of requests without a token, or whose token names no role; without it they are refused.",
    ),
  databases: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe("Databases that may be opened; all by default."),
});

const policyDecision = z.strictObject({
  mode: z
    .literal("rbac")
    .describe(
      "Policy objects decide: `connect` on the database and `assume` on the role, in the cluster's namespace.",
    ),
  issuers,
});

export const decision = z.discriminatedUnion("mode", [tokenDecision, policyDecision, remoteDecision]);
