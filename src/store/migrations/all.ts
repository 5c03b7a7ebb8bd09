import { changes } from "./0001-changes.ts";
import { policyObjects } from "./0002-policy-objects.ts";
import { personalTokens } from "./0003-personal-tokens.ts";
import { accessRequests } from "./0004-access-requests.ts";
import { sessions } from "./0005-sessions.ts";
import { changesAtOnce } from "./0006-changes-at-once.ts";
import { ledger } from "./0007-ledger.ts";
import { usersSeen } from "./0008-users-seen.ts";
import { outbox } from "./0009-outbox.ts";
import { deliveries } from "./0010-deliveries.ts";
import type { Migration } from "./migration.ts";

/** Every step, in order. New ones are added at the end; forward only. */
export const MIGRATIONS: readonly Migration[] = [
  changes,
  policyObjects,
  personalTokens,
  accessRequests,
  sessions,
  changesAtOnce,
  ledger,
  usersSeen,
  outbox,
  deliveries,
];
