/** The examples of docs/tokens.md, for the tests that run them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { loadConfig } from "../../src/config/load.ts";
import type { Answer } from "../../src/daemon/offline.ts";
import { explainToken } from "../../src/daemon/offline.ts";
import { configOf } from "./config-files.ts";

const PAGE = readFileSync(join(import.meta.dirname, "../../docs/tokens.md"), "utf8");

type Fragment = Readonly<Record<"issuers" | "clusters", readonly Readonly<Record<string, unknown>>[]>>;

/** The text under a heading. */
export function chapter(heading: string): string {
  const found = PAGE.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  return found ?? assert.fail(`docs/tokens.md has no chapter "${heading}"`);
}

/** The code blocks of one language in a chapter. */
export function blocks(heading: string, language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm");
  return [...chapter(heading).matchAll(pattern)].map((match) => match[1] ?? "");
}

/** The last part of a configuration that a chapter shows. */
export function fragment(heading: string): Fragment {
  return parse(blocks(heading, "yaml").at(-1) ?? "") as Fragment; // loading it checks the rest
}

/**
 * What Postern says to a token when it is configured as a chapter shows, with `publicPem` as the issuer's key, which is
 * elsewhere in the chapter, and a server that is never connected to.
 */
export async function explain(
  heading: string,
  publicPem: string,
  token: string,
  role: string,
): Promise<Extract<Answer, { kind: "explained" }>> {
  const { issuers, clusters } = fragment(heading);
  const value = {
    issuers: issuers.map(({ fetch: _, ...issuer }) => ({ ...issuer, keys: { pem: [publicPem] } })),
    clusters: clusters.map((cluster) => ({
      hosts: [{ host: "localhost" }],
      login: { method: "trust" },
      ...cluster,
    })),
  };
  const config = configOf(loadConfig({ value, source: "docs/tokens.md", env: {} }));
  const asked = { cluster: undefined, database: undefined, replication: false };
  const question = { token, role, door: "postgres", ...asked } as const;
  const answer = await explainToken(config, question);
  return answer.kind === "explained" ? answer : assert.fail(answer.message);
}

/** Asserts that a program of "Your own issuer" printed a token that gives its role and no other. */
export async function assertIssued(publicPem: string, printed: string): Promise<void> {
  const ask = (role: string) => explain("Your own issuer", publicPem, printed.trim(), role);
  const [named, other] = [await ask("reporting"), await ask("postgres")];
  assert.equal(named.message, "", JSON.stringify(named.steps));
  assert.deepEqual([named.allowed, other.allowed, other.code], [true, false, "policy/role"]);
}
