import { createHash } from "node:crypto";
import { arrayLiteral } from "../../../../base/sql-text.ts";
import { CatalogError } from "../errors.ts";
import type { Slices } from "../slices.ts";
import type { CatalogScope, CatalogSource, TextValue } from "../source.ts";
import type { Server } from "../types.ts";
import { catalogStatement, SECTION_NAMES, type SectionName } from "./statement.ts";

/** The payloads of each section, in the order in which they came. */
export type Sections = Readonly<Record<SectionName, readonly string[]>>;

export async function readSections(
  source: CatalogSource,
  scope: CatalogScope,
  slices: Slices,
): Promise<{ readonly server: Server; readonly sections: Sections; readonly fingerprint: string }> {
  const print = createHash("sha256");
  const server = await readServer(source);
  const rows = await source.query(catalogStatement(server.version), [
    arrayLiteral(scope.schemas),
    arrayLiteral(scope.extraSearchPath),
  ]);
  const sections = Object.fromEntries(SECTION_NAMES.map((name): [string, string[]] => [name, []]));
  for (const [name, payload] of rows) {
    sections[text(name)]?.push(text(payload));
    print.update(`${text(name)}\n${text(payload)}\n`);
    if (slices.due()) await slices.rest();
  }
  const found = sections as Record<SectionName, string[]>; // has every name: made of SECTION_NAMES
  requireSchemas(scope, new Set(found.schema));
  print.update(JSON.stringify([server, scope]));
  return { server, sections: found, fingerprint: print.digest("base64") };
}

async function readServer(source: CatalogSource): Promise<Server> {
  const [row] = await source.query(
    "SELECT pg_catalog.current_setting('server_version_num'), pg_catalog.current_setting('server_version')",
    [],
  );
  const version = Number(text(row?.[0]));
  if (!Number.isSafeInteger(version))
    throw new CatalogError("catalog/unreadable", "the server gave no version");
  return { version, versionText: text(row?.[1]) };
}

/** A mistyped schema must not look like an empty one. */
function requireSchemas(scope: CatalogScope, existing: ReadonlySet<string>): void {
  for (const name of [...scope.schemas, ...scope.extraSearchPath]) {
    if (!existing.has(name))
      throw new CatalogError("catalog/no-such-schema", `schema ${JSON.stringify(name)} does not exist`);
  }
}

function text(value: TextValue | undefined): string {
  return value == null ? "" : value.toString();
}
