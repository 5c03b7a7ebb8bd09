import { Fields } from "../read/fields.ts";
import type { QualifiedName, Representations } from "../types.ts";
import type { DataTypes } from "./data-types.ts";

/** Implicit casts between a domain and json or text. PostgreSQL itself ignores them ("CREATE CAST", Notes). */
export function readRepresentations(payloads: readonly string[], types: DataTypes): Representations {
  const found = {
    toJson: new Map<string, QualifiedName>(),
    toText: new Map<string, QualifiedName>(),
    fromJson: new Map<string, QualifiedName>(),
    fromText: new Map<string, QualifiedName>(),
  };
  for (const payload of payloads) {
    const row = Fields.parse(payload);
    const [source, target] = [types.get(row.text(0)), types.get(row.text(1))];
    const cast = { schema: row.text(2), name: row.text(3) };
    if (source?.isDomain && target?.text === "json") found.toJson.set(source.castText, cast);
    if (source?.isDomain && target?.text === "text") found.toText.set(source.castText, cast);
    if (target?.isDomain && source?.text === "json") found.fromJson.set(target.castText, cast);
    if (target?.isDomain && source?.text === "text") found.fromText.set(target.castText, cast);
  }
  return found;
}
