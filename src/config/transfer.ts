/**
 * A configuration on its way to another process of ours. The one that read it has validated it; the other gets exactly
 * the same, secrets and paths included, over a channel that nobody else can read, and reads no file again.
 */
import { Secret } from "../base/secret.ts";
import { ClaimPath } from "./claim-path.ts";
import type { Config } from "./schema.ts";
import { freezeDeep } from "./tree.ts";

/**
 * A configuration as plain data. It holds the secrets: never log it. Everything but a plain value says its kind, so that
 * no name in a map can pass for a kind.
 */
export type PackedConfig =
  | string
  | number
  | boolean
  | { readonly kind: "secret" | "path"; readonly text: string }
  | { readonly kind: "list"; readonly items: readonly PackedConfig[] }
  | { readonly kind: "map"; readonly fields: readonly (readonly [string, PackedConfig])[] };

export function packConfig(config: Config): PackedConfig {
  return pack(config);
}

export function unpackConfig(data: PackedConfig): Config {
  return freezeDeep(unpack(data)) as Config; // packConfig() made it of one
}

function pack(value: unknown): PackedConfig {
  if (value instanceof Secret) return { kind: "secret", text: value.reveal() };
  if (value instanceof ClaimPath) return { kind: "path", text: value.text };
  if (Array.isArray(value)) return { kind: "list", items: value.map(pack) };
  if (typeof value === "object" && value !== null) {
    const set = Object.entries(value).filter(([, inner]) => inner !== undefined);
    return { kind: "map", fields: set.map(([name, inner]) => [name, pack(inner)]) };
  }
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  throw new TypeError(`a configuration holds no ${typeof value}`);
}

function unpack(value: PackedConfig): unknown {
  if (typeof value !== "object") return value;
  switch (value.kind) {
    case "secret":
      return new Secret(value.text);
    case "path":
      return pathOf(value.text);
    case "list":
      return value.items.map(unpack);
    case "map":
      return Object.fromEntries(value.fields.map(([name, inner]) => [name, unpack(inner)]));
    default:
      return value satisfies never;
  }
}

function pathOf(text: string): ClaimPath {
  const path = ClaimPath.parse(text);
  if (path instanceof ClaimPath) return path;
  throw new TypeError(`a claim path changed on its way: ${path.fault}`);
}
