import { createHash } from "node:crypto";
import type { FSWatcher } from "node:fs";
import { readFileSync, watch } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Clock } from "../base/clock.ts";

/** An editor or a mount makes several changes for one; when this long nothing else has changed, they are over. */
const QUIET_MS = 250;

/** Notifications get lost on network and overlay file systems, so contents are looked at this often all the same. */
const LOOK_MS = 10_000;

/** A watch that is going on. */
export interface Watching {
  /** Ends the watching. No call follows. */
  close(): void;
}

/**
 * Calls `onChange` when the content of one of the files has changed and is quiet again. It watches their directories,
 * not the files, and compares contents: so it survives a file that is replaced by renaming, and Kubernetes mounts,
 * where the file is a link into a directory that is exchanged as a whole.
 */
export function watchFiles(paths: readonly string[], onChange: () => void, clock: Clock): Watching {
  const files = [...new Set(paths.map((path) => resolve(path)))];
  return new FileWatch(files, onChange, clock);
}

class FileWatch implements Watching {
  readonly #files: readonly string[];
  readonly #onChange: () => void;
  readonly #clock: Clock;
  readonly #watchers: FSWatcher[] = [];
  #seen: string;
  #callOffQuiet: (() => void) | undefined;
  #callOffLook = () => {};
  #closed = false;

  constructor(files: readonly string[], onChange: () => void, clock: Clock) {
    this.#files = files;
    this.#onChange = onChange;
    this.#clock = clock;
    this.#watchDirectories();
    this.#seen = this.#contents();
    this.#lookLater();
  }

  close(): void {
    this.#closed = true;
    this.#callOffQuiet?.();
    this.#callOffLook();
    this.#stopWatching();
  }

  /** Watches anew, because a directory that was replaced leaves its old watcher with nothing to see. */
  #watchDirectories(): void {
    this.#stopWatching();
    for (const directory of new Set(this.#files.map((file) => dirname(file)))) {
      try {
        const watcher = watch(directory, { persistent: false }, () => this.#stir());
        watcher.on("error", () => watcher.close());
        this.#watchers.push(watcher);
      } catch {
        // It does not exist now; the next look tries again.
      }
    }
  }

  #stopWatching(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  /** Something happened nearby: wait until it is over. A neighbour, such as a log, may never be; that counts for nothing. */
  #stir(): void {
    if (!this.#closed && this.#callOffQuiet === undefined) this.#waitUntilQuiet(this.#contents());
  }

  #waitUntilQuiet(before: string): void {
    this.#callOffQuiet = this.#clock.after(QUIET_MS, () => {
      const contents = this.#contents();
      if (contents !== before) return this.#waitUntilQuiet(contents);
      this.#callOffQuiet = undefined;
      this.#compare(contents);
    });
  }

  #lookLater(): void {
    this.#callOffLook = this.#clock.after(LOOK_MS, () => {
      this.#watchDirectories();
      this.#compare(this.#contents());
      if (!this.#closed) this.#lookLater();
    });
  }

  #compare(contents: string): void {
    if (this.#closed || contents === this.#seen) return;
    this.#seen = contents;
    this.#onChange();
  }

  /** A hash over all contents; a file that cannot be read counts as a content of its own. */
  #contents(): string {
    const hash = createHash("sha256");
    for (const file of this.#files) {
      try {
        hash.update(createHash("sha256").update(readFileSync(file)).digest());
      } catch {
        hash.update("absent");
      }
    }
    return hash.digest("hex");
  }
}
