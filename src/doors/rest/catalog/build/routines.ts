import { CatalogError } from "../errors.ts";
import { Fields } from "../read/fields.ts";
import type { Routine, RoutineParameter, RoutineReturn } from "../types.ts";
import type { DataType, DataTypes } from "./data-types.ts";
import { functionSettings } from "./settings.ts";

/** pg_proc.proargmodes. */
const INPUT = "ibv";
const OUTPUT = "obt";
const VARIADIC = "v";

const VOLATILITY: Readonly<Record<string, Routine["volatility"]>> = {
  v: "volatile",
  s: "stable",
  i: "immutable",
};

interface Argument {
  readonly name: string;
  readonly mode: string;
  readonly type: DataType;
}

export function readRoutine(payload: string, types: DataTypes, hoisted: ReadonlySet<string>): Routine {
  const row = Fields.parse(payload);
  const args = readArguments(row, types);
  const inputs = args.filter(({ mode }) => INPUT.includes(mode));
  const firstDefault = row.number(6) - row.number(7);
  const { isolation, settings } = functionSettings(row.texts(11), hoisted);
  return {
    schema: row.text(0),
    name: row.text(1),
    description: row.textOrNull(2),
    parameters: inputs.map((input, at) => parameter(input, at < firstDefault)),
    variadic: inputs.some(({ mode }) => mode === VARIADIC),
    returns: returns(typeAt(types, row.text(9)), row.flag(8), args),
    volatility: VOLATILITY[row.text(10)] ?? "volatile",
    isolation,
    settings,
  };
}

/** PostgreSQL leaves out the modes when all arguments are for input, and the names when none has one. */
function readArguments(row: Fields, types: DataTypes): readonly Argument[] {
  const [names, modes] = [row.texts(3), row.texts(4)];
  return row.texts(5).map((type, at) => ({
    name: names[at] ?? "",
    mode: modes[at] ?? "i",
    type: typeAt(types, type),
  }));
}

function typeAt(types: DataTypes, oid: string): DataType {
  const type = types.get(oid);
  if (type === undefined) throw new CatalogError("catalog/unreadable", `the type ${oid} is not known`);
  return type;
}

function parameter({ name, mode, type }: Argument, required: boolean): RoutineParameter {
  return { name, type: type.text, castType: type.castText, required, variadic: mode === VARIADIC };
}

function returns(type: DataType, setOf: boolean, args: readonly Argument[]): RoutineReturn {
  const outputs = args.filter(({ mode }) => OUTPUT.includes(mode));
  if (outputs.length > 0)
    return {
      kind: "columns",
      setOf,
      columns: outputs.map((out) => ({ name: out.name, type: out.type.text })),
    };
  if (type.base.isPseudo && type.name === "void") return { kind: "void" };
  if (type.base.isPseudo && type.name === "record") return { kind: "record", setOf };
  if (type.base.isComposite && type.base.relation !== null)
    return { kind: "composite", setOf, type: type.base.relation, alias: type.isDomain };
  return { kind: "scalar", setOf, type: { schema: type.schema, name: type.name }, typeText: type.text };
}
