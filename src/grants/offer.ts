/** What kinds of access can be asked for, as people write it beside the policy: one object for each. */
import { z } from "zod";
import { parseNetwork } from "../base/networks.ts";
import { duration } from "../config/schema/values.ts";
import { subject } from "../policy/rbac/schema.ts";
import { namespacedMetadata, pathSegment } from "../policy/rbac/schema-metadata.ts";
import { list, text } from "../policy/rbac/schema-values.ts";

export const OFFER_VERSION = "postern.dev/v1";

/** What is needed for longer is not elevated access but a RoleBinding. */
const MAX_GRANT_MS = 30 * 86_400_000;
/** A request that is older says nothing any more of what is needed now. */
const MAX_ANSWER_MS = 14 * 86_400_000;
/** More approvers than that nobody finds in an emergency, nor on any other day. */
const MAX_APPROVALS = 10;
const MAX_SUBJECTS = 1000;
const MAX_NETWORKS = 100;
const MAX_USES = 1_000_000;

const subjects = list(subject, MAX_SUBJECTS);
const someSubjects = subjects.refine((all) => all.length > 0, "is empty; name at least one subject");

const grantTime = duration.refine(
  (ms) => ms <= MAX_GRANT_MS,
  "is longer than 30d; use a RoleBinding for that",
);

const networks = z
  .array(z.string().refine((one) => parseNetwork(one) !== undefined, "is not a network; write 10.0.0.0/8"))
  .min(1)
  .max(MAX_NETWORKS);

const approvals = z.strictObject({
  count: z.int().min(1).max(MAX_APPROVALS).default(1).describe("How many different people have to approve."),
  by: someSubjects.describe(
    "Who may approve or deny, together with the right to `approve` `accessrequests`.",
  ),
});

const breakGlass = z.strictObject({
  subjects: someSubjects.describe("Who may take the access at once, to be reviewed afterwards."),
  maxDuration: grantTime.optional().describe("The longest time for that; `maxDuration` by default."),
});

const spec = z.strictObject({
  description: text.optional().describe("What it is for, as people see it who choose."),
  role: z
    .strictObject({ kind: z.enum(["Role", "ClusterRole"]), name: pathSegment })
    .describe("The role that a grant binds in the offer's namespace."),
  requesters: subjects.describe("Who may ask."),
  maxDuration: grantTime.describe("The longest time that can be asked for."),
  reasonRequired: z.boolean().default(true).describe("Whether a reason has to be given."),
  approvals: approvals.describe("What it takes."),
  answerWithin: duration
    .refine((ms) => ms <= MAX_ANSWER_MS, "is longer than 14d; write a shorter one")
    .prefault("1d")
    .describe("How long a request waits for an answer; the time of the grant begins with the last approval."),
  preapproved: subjects.describe("Who gets it at once: people on call."),
  breakGlass: breakGlass.optional(),
  cidrs: networks.optional().describe("The networks from which a grant may be used."),
  maxUses: z.int().min(1).max(MAX_USES).optional().describe("How many sessions a grant may begin."),
});

export const offerSchema = z.strictObject({
  apiVersion: z.literal(OFFER_VERSION),
  kind: z.literal("AccessOffer"),
  metadata: namespacedMetadata,
  spec,
});

/** A kind of access that can be asked for. */
export type AccessOffer = z.output<typeof offerSchema>;
export type OfferSubjects = AccessOffer["spec"]["requesters"];

/** An offer as it is now, with what its role gives now. */
export interface CurrentOffer {
  readonly offer: AccessOffer;
  /**
   * The rules of the role that it names, resolved (aggregation included) and as plain data. They take part in what is
   * approved: a role that comes to give more was not asked for.
   */
  readonly rules: unknown;
}
