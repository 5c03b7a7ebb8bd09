import { Fields } from "../read/fields.ts";
import type { QualifiedName } from "../types.ts";

/** What there is to know of a type; a domain also says what lies under it, however many domains deep. */
export interface DataType extends QualifiedName {
  /** As PostgreSQL writes it, without a length. */
  readonly text: string;
  /** As a cast is written. */
  readonly castText: string;
  readonly isDomain: boolean;
  readonly notNull: boolean;
  /** A domain's default, as an SQL expression. */
  readonly defaultExpression: string | null;
  readonly base: BaseType;
  /** The modifier that a domain gives its base type; -1: none. */
  readonly modifier: number;
}

interface BaseType {
  readonly oid: string;
  readonly text: string;
  readonly isComposite: boolean;
  readonly isPseudo: boolean;
  readonly enumValues: readonly string[];
  /** The relation whose row it is, also that of a free-standing composite type. */
  readonly relation: QualifiedName | null;
}

/** Types by oid. */
export type DataTypes = ReadonlyMap<string, DataType>;

export function readDataType(payload: string): readonly [oid: string, type: DataType] {
  const row = Fields.parse(payload);
  const kind = row.text(10);
  const [relationSchema, relationName] = row.texts(14);
  const type: DataType = {
    schema: row.text(1),
    name: row.text(2),
    text: row.text(3),
    castText: row.text(4),
    isDomain: row.text(5) === "d",
    notNull: row.flag(6),
    defaultExpression: row.textOrNull(7),
    modifier: row.number(11),
    base: {
      oid: row.text(8),
      text: row.text(9),
      isComposite: kind === "c",
      isPseudo: kind === "p",
      enumValues: row.texts(13),
      relation:
        relationSchema === undefined || relationName === undefined
          ? null
          : { schema: relationSchema, name: relationName },
    },
  };
  return [row.text(0), type];
}

/** pg_type.dat: character(n), character varying(n), bit(n), bit varying(n). */
const CHARACTERS: ReadonlySet<string> = new Set(["1042", "1043"]);
const BITS: ReadonlySet<string> = new Set(["1560", "1562"]);

/** The modifier of character types counts the four bytes of a length word too (varchar.c). */
const LENGTH_WORD = 4;

/** The length that a type was declared with. */
export function maxLength(type: DataType, modifier: number): number | null {
  const effective = modifier < 0 ? type.modifier : modifier;
  if (effective < 0) return null;
  if (CHARACTERS.has(type.base.oid)) return effective - LENGTH_WORD;
  return BITS.has(type.base.oid) ? effective : null;
}
