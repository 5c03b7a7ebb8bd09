import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const ROOT = resolve(import.meta.dirname, "../..");
const SRC = join(ROOT, "src");

/**
 * The import table of docs/architecture.md: room → rooms it may import. `types:` marks rooms of which only types may
 * be imported. Any edge that is not here fails.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  cli: ["types:doors/control", "config", "base", "daemon", "demo"],
  demo: ["daemon", "embedded", "identity", "config", "base"],
  daemon: [
    "doors/postgres",
    "doors/rest",
    "doors/control",
    "doors/pam",
    "access",
    "upstream",
    "identity",
    "grants",
    "sessions",
    "audit",
    "policy",
    "grants",
    "store",
    "embedded",
    "protocol",
    "config",
    "base",
    "wire",
    "outbound",
  ],
  "doors/postgres": ["access", "upstream", "wire", "protocol", "config", "base"],
  "doors/rest": ["access", "upstream", "wire", "protocol", "config", "base"],
  "doors/pam": ["access", "upstream", "wire", "protocol", "config", "base"],
  "doors/control": ["access", "upstream", "wire", "protocol", "config", "base"],
  access: ["identity", "policy", "grants", "sessions", "audit", "config", "base"],
  upstream: ["access", "wire", "protocol", "config", "base"],
  wire: ["base"],
  grants: ["policy", "config", "base"],
  sessions: ["types:policy", "base"],
  audit: ["types:policy", "base"],
  identity: ["outbound", "config", "base"],
  outbound: ["base"],
  policy: ["config", "base"],
  store: ["types:grants", "types:sessions", "types:identity", "types:audit", "config", "base"],
  embedded: ["base"],
  protocol: ["config", "base"],
  config: ["base"],
  base: [],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

const IMPORT =
  /^(?:import|export)\s+(type\s)?[^;]*?from\s+"(\.[^"]+)";|^import\s+"(\.[^"]+)";|\bimport\("(\.[^"]+)"\)/gm;

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(IMPORT)].map((match) => ({
    from: file,
    to: resolve(dirname(file), match[2] ?? match[3] ?? match[4] ?? ""),
    typeOnly: match[1] !== undefined,
  }));
}

function roomOf(file: string): string {
  const parts = relative(SRC, file).split("/");
  return parts[0] === "doors" ? parts.slice(0, 2).join("/") : (parts[0] ?? "");
}

const files = globSync("**/*.ts", { cwd: SRC }).map((file) => join(SRC, file));
const imports = files.flatMap(importsOf);
const show = (edge: Import) => `${relative(ROOT, edge.from)} → ${relative(ROOT, edge.to)}`;

/** The rooms that a cell of the page names; what is said behind a semicolon are types. */
function named(cell: string): string[] {
  if (cell === "every room but cli and demo")
    return Object.keys(MAY_IMPORT).filter((room) => !["cli", "demo", "daemon"].includes(room));
  const [values = "", types] = cell.split("; types of ");
  const split = (list: string) => list.split(", ").filter((room) => room !== "");
  return [...split(values), ...split(types ?? "").map((room) => `types:${room}`)];
}

test("docs/architecture.md has this table", () => {
  const page = readFileSync(join(ROOT, "docs/architecture.md"), "utf8");
  const [, table = ""] = page.split("| room | job | may import |\n|---|---|---|\n");
  const rows = table.split("\n\n")[0]?.split("\n") ?? [];
  const written = rows.map((row) => {
    const [, room = "", , cell = ""] = row.split("|").map((text) => text.trim());
    return [room, named(cell).sort()] as const;
  });
  const held = Object.entries(MAY_IMPORT).map(([room, may]) => [room, [...new Set(may)].sort()] as const);
  assert.deepEqual(new Map(written), new Map(held));
});

test("every room is in the import table", () => {
  assert.deepEqual(
    [...new Set(files.map(roomOf))].filter((room) => !(room in MAY_IMPORT)),
    [],
  );
});

test("no room imports one that the table does not let it import", () => {
  const forbidden = imports.filter((edge) => {
    const [from, to] = [roomOf(edge.from), roomOf(edge.to)];
    const allowed = MAY_IMPORT[from] ?? [];
    return from !== to && !allowed.includes(to) && !(edge.typeOnly && allowed.includes(`types:${to}`));
  });
  assert.deepEqual(forbidden.map(show), []);
});

test("imports of values form no cycle", () => {
  const next = new Map<string, string[]>();
  for (const edge of imports)
    if (!edge.typeOnly) next.set(edge.from, [...(next.get(edge.from) ?? []), edge.to]);
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `a cycle: ${[...path, file].map((f) => relative(ROOT, f)).join(" → ")}`);
    if (done.has(file)) return;
    for (const to of next.get(file) ?? []) visit(to, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

for (const [maker, room] of [
  ["sealIdentity", "identity"],
  ["sealOperator", "access"],
] as const)
  test(`${maker} is called in src/${room} and nowhere else`, () => {
    const outside = files.filter(
      (file) => roomOf(file) !== room && readFileSync(file, "utf8").includes(maker),
    );
    assert.deepEqual(
      outside.map((file) => relative(ROOT, file)),
      [],
    );
  });

test("only wire opens sockets; upstream, the store and the doors know certificates and addresses", () => {
  // Telling addresses apart opens nothing.
  const sockets = /^import (?!\{ BlockList, isIP \}).* from "node:(net|tls)"/m;
  const outside = files.filter(
    (file) =>
      !/^(wire|upstream|doors\/|daemon|identity|outbound|embedded|store)/.test(roomOf(file)) &&
      sockets.test(readFileSync(file, "utf8")),
  );
  assert.deepEqual(
    outside.map((file) => relative(ROOT, file)),
    [],
  );
});
