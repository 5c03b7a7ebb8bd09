import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ClaimPath } from "../../../src/config/claim-path.ts";
import type { FileValue } from "../../../src/config/compat/postgrest/config-file.ts";
import { parseConfigFile } from "../../../src/config/compat/postgrest/config-file.ts";
import { parseConnection } from "../../../src/config/compat/postgrest/connection.ts";
import { translateJsPath } from "../../../src/config/compat/postgrest/js-path.ts";

const value: fc.Arbitrary<FileValue> = fc.letrec<{ value: FileValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.string({ unit: "binary" }),
    fc.integer(),
    fc.boolean(),
    fc.array(tie("value"), { maxLength: 4 }),
  ),
})).value;

/** A value as the file has it. */
function written(one: FileValue): string {
  if (typeof one === "string")
    return JSON.stringify(one).replaceAll("$", "$$$$").replaceAll("\\f", "\\u000c");
  return Array.isArray(one) ? `[ ${one.map(written).join(",")} ]` : String(one);
}

test("whatever is written into a postgrest.conf is read back", () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}(\.[a-z][a-z0-9_-]{0,8}){0,2}$/);
  fc.assert(
    fc.property(
      fc.dictionary(name, value),
      fc.constantFrom("\n", " ; ", "\n# comment\n\n"),
      (settings, between) => {
        const text = Object.entries(settings)
          .map(([key, one]) => `${key} = ${written(one)}`)
          .join(between);
        const parsed = parseConfigFile(text, {});
        assert.ok(parsed.kind === "ok", text);
        const read = Object.fromEntries([...parsed.entries].map(([key, entry]) => [key, entry.value]));
        assert.deepEqual(read, { ...settings });
      },
    ),
  );
});

test("no text makes the reader of postgrest.conf throw, nor show what may be a secret", () => {
  const noise = fc.array(
    fc.constantFrom("a", "=", '"', "$", "$$", "\\", "{", "}", "[", "]", ",", "\n", "#", " ", "1", "é"),
  );
  fc.assert(
    fc.property(noise, (parts) => {
      const parsed = parseConfigFile(`k = "hunter2"\n${parts.join("")}`, {});
      if (parsed.kind === "fault") assert.doesNotMatch(parsed.message, /hunter/);
    }),
  );
});

test("a path of old selects what following it by hand gives", () => {
  const key = fc.string({ minLength: 1, maxLength: 6 }).filter((text) => !text.includes('"'));
  const step = fc.oneof(
    key.map((name) => ({ name })),
    fc.nat({ max: 3 }).map((index) => ({ index })),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 4 }), (steps) => {
      const old = steps.map((one) => ("name" in one ? `."${one.name}"` : `[${one.index}]`)).join("");
      const claims = steps.reduceRight<unknown>(
        (inner, one) =>
          "name" in one ? Object.fromEntries([[one.name, inner]]) : [...Array(one.index).fill("no"), inner],
        "role",
      );
      const path = ClaimPath.parse(translateJsPath(old) ?? "");
      assert.ok(path instanceof ClaimPath, old);
      assert.deepEqual(path.select(claims), ["role"]);
    }),
  );
});

test("a comparison of old picks the entries that it says", () => {
  const text = fc.string({ maxLength: 5 }).filter((one) => !one.includes('"'));
  const holds: Readonly<Record<string, (a: string, b: string) => boolean>> = {
    "==": (a, b) => a === b,
    "!=": (a, b) => a !== b,
    "^==": (a, b) => a.startsWith(b),
    "==^": (a, b) => a.endsWith(b),
    "*==": (a, b) => a.includes(b),
  };
  fc.assert(
    fc.property(
      fc.constantFrom(...Object.keys(holds)),
      text,
      fc.array(fc.oneof(text, fc.integer())),
      (operator, wanted, roles) => {
        const path = ClaimPath.parse(translateJsPath(`.roles[?(@ ${operator} "${wanted}")]`) ?? "");
        assert.ok(path instanceof ClaimPath);
        const expected = roles.filter((role) => typeof role === "string" && holds[operator]?.(role, wanted));
        assert.deepEqual(path.select({ roles }), expected);
      },
    ),
  );
});

test("no path makes the translator throw, and what it gives is a JSON Path", () => {
  const noise = fc.array(
    fc.constantFrom(".", "a", '"', "[", "]", "0", "?", "(", "@", " ", "==", "^", ")", "'", "\\", "\n"),
  );
  fc.assert(
    fc.property(noise, (parts) => {
      const path = translateJsPath(parts.join(""));
      if (path !== undefined) assert.ok(ClaimPath.parse(path) instanceof ClaimPath, path);
    }),
  );
});

test("a login written into a db-uri is read back, whatever is in it", () => {
  const text = fc
    .string({ minLength: 1, maxLength: 12, unit: "binary" })
    .filter((one) => !one.includes("\0") && !/\p{Surrogate}/u.test(one));
  fc.assert(
    fc.property(text, text, text, (user, password, database) => {
      const [u, p, d] = [user, password, database].map(encodeURIComponent);
      const result = parseConnection(`postgres://${u}:${p}@db/${d}`, {});
      assert.ok(result.kind === "ok");
      const { connection } = result;
      assert.deepEqual(
        [connection.user, connection.password, connection.database],
        [user, password, database],
      );
    }),
  );
});
