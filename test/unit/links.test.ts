import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
const PAGES = globSync(["*.md", "docs/**/*.md", "deploy/**/*.md", "test/**/*.md", "bench/**/*.md"], {
  cwd: ROOT,
});

/** The anchors that GitHub gives to a page's headings. */
function anchorsOf(text: string): string[] {
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] ?? "");
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, "")
      .replaceAll(" ", "-"),
  );
}

for (const page of PAGES)
  test(`every link of ${page} leads somewhere`, () => {
    const text = readFileSync(join(ROOT, page), "utf8");
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] ?? "");
    for (const link of links.filter((one) => !/^[a-z]+:/.test(one))) {
      const [path = "", anchor] = link.split("#");
      const file = path === "" ? join(ROOT, page) : join(dirname(join(ROOT, page)), path);
      assert.ok(existsSync(file), `${link} does not exist`);
      if (anchor !== undefined) assert.ok(anchorsOf(readFileSync(file, "utf8")).includes(anchor), link);
    }
  });
