import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { loadConfig } from "../../../src/config/load.ts";
import { parsePamOptions } from "../../../src/daemon/pam/options.ts";
import { PAM } from "../../../src/daemon/pam/verdict.ts";

const ROOT = join(import.meta.dirname, "../../..");
const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const PAGE = read("docs/pam.md");
const blocks = [...PAGE.matchAll(/^( *)```yaml\n([\s\S]*?)^ *```$/gm)].map(([, indent = "", text = ""]) =>
  text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
);
const doors = blocks.filter((text) => text.startsWith("doors:"));

for (const [index, text] of doors.entries())
  test(`configuration ${index + 1} of docs/pam.md is accepted`, () => {
    const value = {
      ...(parse(text) as object),
      issuers: [{ name: "jobs", keys: { jwksUrl: "https://issuer.test/keys" } }],
      clusters: [{ name: "orders", hosts: [{ host: "db" }], login: { method: "trust" } }],
    };
    const loaded = loadConfig({ env: {}, source: "docs/pam.md", value });
    assert.deepEqual(loaded.kind === "faults" ? loaded.faults : [], []);
  });

test("docs/pam.md shows a PAM door with and without the end of sessions, and mappings", () => {
  assert.deepEqual([doors.length, blocks.length], [2, 3]);
});

/** Lines of PAM services, in the page and in deploy/pam. */
const services = [
  ...`${PAGE}\n${read("deploy/pam/postgresql")}`.matchAll(/^ *(auth|account) +required +(.+)$/gm),
];

test("every auth line that is shown has its account line, with the same arguments", () => {
  const argumentsOf = (type: string) =>
    services
      .filter(([, of]) => of === type)
      .map(([, , line = ""]) => line.split(" ").filter((word) => word.includes("=") || word.includes("/")));
  assert.deepEqual(argumentsOf("auth"), argumentsOf("account"));
  assert.equal(services.length, 6);
});

test("the helper takes the arguments that are shown", () => {
  for (const [, , line = ""] of services.filter(([text]) => text.includes("postern pam"))) {
    const options = parsePamOptions(line.slice(line.indexOf("postern pam ") + 12).split(" "));
    assert.ok(!("fault" in options), JSON.stringify(options));
  }
});

test("every argument of the helper is explained, and every exit code but the one of sessions", () => {
  const fault = parsePamOptions(["x=y"]);
  const names = "fault" in fault ? (fault.fault.match(/\w+(?==)/g) ?? []) : [];
  assert.ok(names.length > 8);
  for (const name of names) assert.ok(PAGE.includes(`${name}=`), name);
  for (const code of Object.values(PAM))
    if (code !== PAM.ignore) assert.match(PAGE, new RegExp(`^\\| ${code} \\|`, "m"), String(code));
});

test("the source of the module says how both programs are built, and the page says it likewise", () => {
  const source = read("deploy/pam/pam_postern.c");
  const build = /cc [^\n]*-DPAM_MODULE[^\n]*/
    .exec(source)?.[0]
    .replace(" pam_postern.c ", " deploy/pam/pam_postern.c ");
  assert.ok(build !== undefined);
  assert.ok(PAGE.includes(build), build);
});
