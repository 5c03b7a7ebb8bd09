/** Keys in a file: read at the start, and again whenever the content has changed. */
import { open } from "node:fs/promises";
import type { Clock } from "../base/clock.ts";
import { messageOf } from "../base/error.ts";
import type { Observe } from "../base/event.ts";
import { watchFiles } from "../config/watch.ts";
import { parseJsonObject } from "./json.ts";
import { importJwks, type KeySet } from "./jwks.ts";
import { type ImportedKey, sameKeys, type VerificationKey } from "./key.ts";
import { importPem, splitPem } from "./key-import.ts";
import type { KeySource } from "./key-source.ts";

/** As for fetched documents: keys take a few kB, and a wrong path may lead to anything. */
const MAX_FILE_BYTES = 64 * 1024;

/** What a file may hold. */
export type KeyFileFormat = "jwks" | "pem";

interface FileSourceParts {
  readonly issuer: string;
  readonly path: string;
  readonly format: KeyFileFormat;
  readonly clock: Clock;
  readonly observe: Observe;
  readonly changed: () => void;
}

export class FileSource implements KeySource {
  readonly #parts: FileSourceParts;
  #keys: readonly VerificationKey[] = [];
  #loadedAt: number | undefined;
  /** Why the last reading failed. */
  #fault = "not read yet";
  #watching: { close(): void } | undefined;
  #reading: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(parts: FileSourceParts) {
    this.#parts = parts;
  }

  get keys(): readonly VerificationKey[] {
    return this.#keys;
  }

  async start(): Promise<string | undefined> {
    // Watched first: a change between the two is then read twice and never missed.
    this.#watching ??= watchFiles([this.#parts.path], () => this.#readSoon(), this.#parts.clock);
    await this.#readSoon();
    return this.#keys.length > 0 ? undefined : this.#fault;
  }

  /** A changed file is noticed without being asked for. */
  seek(): undefined {
    return undefined;
  }

  close(): void {
    this.#closed = true;
    this.#watching?.close();
  }

  /** One reading after the other, so that the last content wins. */
  #readSoon(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#read());
    return this.#reading;
  }

  /** Takes what the file holds now; what cannot be used as a whole replaces nothing. */
  async #read(): Promise<void> {
    const { issuer, path, format, observe, clock, changed } = this.#parts;
    try {
      const { keys, faults } = readers[format](await readBounded(path));
      if (this.#closed) return;
      if (keys.length === 0) throw new Error(faults.join("; "));
      if (faults.length > 0)
        observe({ event: "keys.skipped.v1", issuer, detail: `${path}: ${faults.join("; ")}` });
      const same = sameKeys(this.#keys, keys);
      this.#keys = keys;
      this.#loadedAt = clock.now();
      observe({ event: "keys.loaded.v1", issuer, keys: keys.length });
      if (!same) changed();
    } catch (error) {
      if (this.#closed) return;
      const ageMs = this.#loadedAt === undefined ? undefined : clock.now() - this.#loadedAt;
      this.#fault = `${path}: ${messageOf(error)}`;
      observe({ event: "keys.failed.v1", issuer, detail: this.#fault, ageMs });
    }
  }
}

const readers: Readonly<Record<KeyFileFormat, (content: Buffer) => KeySet>> = {
  jwks(content) {
    const parsed = parseJsonObject(content);
    return "fault" in parsed ? { keys: [], faults: [parsed.fault] } : importJwks(parsed.value);
  },
  /** All of a file's keys or none: its owner listed each of them on purpose. */
  pem: (content) => allOrNone(splitPem(content.toString("utf8")).map(importPem)),
};

function allOrNone(imported: readonly ImportedKey[]): KeySet {
  const faults = imported.flatMap((key) => ("fault" in key ? [key.fault] : []));
  const keys = imported.flatMap((key) => ("fault" in key ? [] : [key]));
  return faults.length > 0 ? { keys: [], faults } : { keys, faults };
}

async function readBounded(path: string): Promise<Buffer> {
  const file = await open(path, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_FILE_BYTES + 1), 0, MAX_FILE_BYTES + 1, 0);
    if (bytesRead > MAX_FILE_BYTES) throw new Error(`larger than ${MAX_FILE_BYTES} bytes`);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
