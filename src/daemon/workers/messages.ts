/**
 * What the supervisor and its workers say to each other, as plain data. Either side only ever talks to code of the
 * same installation, over a channel that the operating system gave to these two processes alone.
 */

import type { MetricsJson } from "../../audit/metrics.ts";
import type { SubjectId } from "../../base/ids.ts";
import type { PackedConfig } from "../../config/transfer.ts";
import type { Readiness } from "../../doors/control/running.ts";
import type { DoorRequest } from "../../doors/rest/door.ts";
import type { Count } from "../../sessions/census.ts";
import type { Addresses } from "../doors.ts";

/** What the supervisor tells a worker. */
export type Order =
  | {
      readonly kind: "start";
      readonly config: PackedConfig;
      readonly worker: number;
      readonly workers: number;
      /** Sessions with the others. */
      readonly census: readonly Count[];
    }
  | { readonly kind: "ask"; readonly id: number; readonly question: Question }
  | { readonly kind: "answer"; readonly id: number; readonly answer: unknown }
  | { readonly kind: "failed-login"; readonly address: string }
  | { readonly kind: "sessions"; readonly count: Count }
  | { readonly kind: "gone"; readonly worker: number }
  | { readonly kind: "reload-catalog" }
  | { readonly kind: "drain" }
  | { readonly kind: "hurry" };

/** What a worker tells the supervisor. */
export type Report =
  | { readonly kind: "opened"; readonly addresses: Addresses }
  | { readonly kind: "failed"; readonly detail: string }
  | { readonly kind: "ask"; readonly id: number; readonly question: CancelQuestion }
  | { readonly kind: "answer"; readonly id: number; readonly answer: unknown }
  | { readonly kind: "failed-login"; readonly address: string }
  /** A door asks for something. */
  | { readonly kind: "asked"; readonly request: DoorRequest }
  | { readonly kind: "sessions"; readonly subject: SubjectId; readonly sessions: number };

export interface CancelQuestion {
  readonly what: "cancel";
  readonly processId: number;
  /** Base64. */
  readonly key: string;
}

export type Question =
  | CancelQuestion
  | { readonly what: "status" }
  | { readonly what: "catalog" }
  | { readonly what: "reload"; readonly config: PackedConfig };

/** What each question is answered with. */
export interface Answers {
  readonly cancel: boolean;
  readonly status: Status;
  /** JSON; null while there is none. */
  readonly catalog: string | null;
  /** The fault; null when the configuration is in force. */
  readonly reload: string | null;
}

/** How a worker is. */
export interface Status {
  readonly readiness: Readiness;
  readonly metrics: MetricsJson;
}
