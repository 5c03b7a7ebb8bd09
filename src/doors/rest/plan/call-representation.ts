/** How the answer of a function is represented: one row as an object, a value as itself, rows like any others. */
import type { RoutineReturn } from "../catalog/types.ts";
import type { CallPlan } from "./call.ts";
import { VALUE } from "./call.ts";
import { returnsSet } from "./find-call.ts";
import type { BuiltIn, Producer, Representation } from "./representation.ts";
import { representationOf } from "./representation.ts";
import type { ReadPlan } from "./types.ts";

interface Called {
  readonly call: CallPlan;
  readonly returns: RoutineReturn;
  readonly plan: ReadPlan;
}

/** Without a body at all, ask for `none` instead: for HEAD, and for a function that returns void. */
export function callRepresentation(producer: Producer, { call, returns, plan }: Called): Representation {
  if (producer.kind === "routine") return { kind: "raw", column: VALUE, binary: producer.binary };
  const many = returnsSet(returns);
  if (producer.kind === "aggregate" || producer.builtIn === "csv" || producer.builtIn === "geojson")
    return representationOf(producer, plan);
  const stripped = isStripped(producer.builtIn);
  if (call.gives !== "columns") return { kind: "value", column: VALUE, many, stripped };
  return many ? representationOf(producer, plan) : { kind: "object", stripped };
}

function isStripped(builtIn: BuiltIn): boolean {
  return builtIn === "array-stripped" || builtIn === "object-stripped";
}
