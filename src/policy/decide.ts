import type { Trace } from "../base/trace.ts";
import type { Bearer, Decision, PlacedWish, Wish } from "./decision.ts";
import { decideByRemote } from "./remote.ts";
import { decideByToken } from "./token.ts";

/** The one question of every door, answered in the way that the cluster is set to. */
export function decide(bearer: Bearer, wish: Wish, trace: Trace): Decision {
  const { cluster } = wish;
  if (cluster === undefined) {
    const detail = `no cluster for database "${wish.database}"`;
    trace({ check: "cluster", passed: false, saw: detail });
    return { kind: "deny", code: "policy/cluster", detail };
  }
  const placed: PlacedWish = { ...wish, cluster };
  const { decide: settings } = cluster;
  switch (settings.mode) {
    case "token":
      return decideByToken(bearer, placed, settings, trace);
    case "remote":
      return decideByRemote(bearer, placed, settings, trace);
    default:
      return settings satisfies never;
  }
}
