import type { Check, Readiness } from "../doors/control/running.ts";
import type { Parts } from "./parts.ts";

/**
 * Whether logins can succeed: keys are there, every cluster has a host that is not known to be down, the REST door has
 * its catalog, and Postern is not shutting down.
 * @param restTrouble what keeps the REST door from answering, if anything does
 */
export function readinessOf(
  { verifier, upstream }: Pick<Parts, "verifier" | "upstream">,
  draining: boolean,
  restTrouble: string | undefined,
): Readiness {
  const states = upstream.states();
  const clusters = [...new Set(states.map(({ cluster }) => cluster))];
  return readinessFrom([
    check("draining", !draining, "Postern is shutting down"),
    check("keys", verifier.ready(), "an issuer has no usable key; see keys.failed in the log"),
    ...clusters.map((name) =>
      check(
        `cluster/${name}`,
        states.some(({ cluster, up }) => cluster === name && up),
        "every host is known to be down; see upstream.failed in the log",
      ),
    ),
    ...(restTrouble === undefined ? [] : [check("rest", false, restTrouble)]),
  ]);
}

export function readinessFrom(checks: readonly Check[]): Readiness {
  return { ready: checks.every(({ ok }) => ok), checks };
}

function check(name: string, ok: boolean, detail: string): Check {
  return ok ? { check: name, ok } : { check: name, ok, detail };
}
