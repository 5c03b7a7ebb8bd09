import { chownSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Account, unprivilegedAccount } from "../../src/embedded/unprivileged.ts";

/** A temporary directory for the peers' files. It belongs to the account that daemons run as. */
export class Workspace implements Disposable {
  readonly account: Account = unprivilegedAccount();
  readonly directory = mkdtempSync(join(tmpdir(), "postern-bench-"));

  constructor() {
    this.#give(this.directory);
  }

  /** A new directory below it. */
  directoryFor(name: string): string {
    const directory = mkdtempSync(join(this.directory, `${name}-`));
    this.#give(directory);
    return directory;
  }

  /** Writes a file that only the account can read, and returns where it is. */
  write(directory: string, name: string, text: string): string {
    const file = join(directory, name);
    writeFileSync(file, text, { mode: 0o600 });
    this.#give(file);
    return file;
  }

  #give(path: string): void {
    if (this.account.kind === "other") chownSync(path, this.account.uid, this.account.gid);
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
