import { stringify } from "yaml";
import { escaped, UNSEEN_IN_JSON } from "./text.ts";

/** YAML that means the same, and has nothing in it that a reader could not see. */
export function legibleYaml(value: unknown): string {
  const plain = stringify(value);
  if (plain.search(UNSEEN_IN_JSON) < 0) return plain;
  // Within double quotes any character may be an escape (YAML 1.2 §5.7).
  const quoted = stringify(value, {
    defaultStringType: "QUOTE_DOUBLE",
    defaultKeyType: "QUOTE_DOUBLE",
    lineWidth: 0,
  });
  return quoted.replace(UNSEEN_IN_JSON, escaped);
}
