import { constants } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { access, open, rename, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { AuditError } from "./errors.ts";
import { claimFile } from "./file-claim.ts";
import { asTail, readEnd } from "./file-end.ts";
import { fullFile, fullFilesOf } from "./file-names.ts";
import { readLines } from "./lines.ts";
import type { SealedRecord, Tail } from "./record.ts";
import { isFault, noticeIn, readRecord } from "./record.ts";
import type { Found, Sink } from "./sink.ts";

export interface FileSinkSettings {
  readonly path: string;
  /** Bytes after which the file is put aside and a new one begun. */
  readonly rotateSize: number;
  /** Milliseconds after which it is. */
  readonly rotateAge: number | undefined;
}

/** The ledger's files hold who did what: the owner may write, its group may read. */
const MODE = 0o640;

/** Clocks of nodes, and those of file systems, differ by less. */
const CLOCKS_MS = 3_600_000;

/** What is known of the file that is written to. */
interface Current {
  readonly handle: FileHandle;
  readonly inode: bigint;
  /** The place of the next record: everything before it is confirmed. */
  size: number;
  first: Tail | undefined;
}

/**
 * The chain in a file, one record a line, synced before anything is confirmed. When a write fails, the file is cut back
 * to what was confirmed: half of a record must not stay in front of the next.
 */
export class FileSink implements Sink {
  readonly name: string;
  readonly #settings: FileSinkSettings;
  readonly #clock: Clock;
  #current: Current | undefined;
  #release: () => void = () => {};
  /** Behind what is confirmed there may be something. */
  #inDoubt = false;

  constructor(settings: FileSinkSettings, clock: Clock) {
    this.name = `file ${settings.path}`;
    this.#settings = settings;
    this.#clock = clock;
  }

  async open(): Promise<Found> {
    this.#release = claimFile(this.#settings.path); // before anything is written, or cut off
    try {
      const current = await this.#openFile();
      this.#current = current;
      const { tail, size, torn } = await readEnd(current.handle, this.name);
      if (torn !== undefined) await this.#cutTo(current, size);
      current.size = size;
      current.first = await firstOf(current.handle);
      return { tail: tail ?? (await tailOfFull(this.#settings.path)), cut: torn };
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  async write(records: readonly SealedRecord[]): Promise<void> {
    const [first] = records;
    if (first === undefined) return;
    const bytes = Buffer.from(records.map(({ line }) => `${line}\n`).join(""));
    if (!(await this.#isThere(this.#open()))) await this.#moveOn(first.prev);
    if (this.#isFull(bytes.length)) await this.#rotate();
    const current = this.#open();
    this.#inDoubt = true;
    await writeAll(current.handle, bytes, current.size);
    await current.handle.datasync();
    this.#inDoubt = false;
    current.size += bytes.length;
    current.first ??= first;
  }

  async recover(confirmed: Tail): Promise<Tail> {
    const current = this.#open();
    if (await this.#isThere(current)) await this.#cutTo(current, current.size);
    else await this.#moveOn(confirmed.hash);
    return confirmed;
  }

  /** The chain goes on in the file that is there now: the one before was moved away. */
  async #moveOn(prev: string): Promise<void> {
    const before = this.#open();
    const current = await this.#openFile();
    try {
      const { tail, size } = await readEnd(current.handle, this.name);
      if (tail !== undefined && tail.hash !== prev)
        throw new AuditError("audit/damaged", `${this.name} was replaced by a file of another chain`);
      await this.#cutTo(current, size);
      current.first = await firstOf(current.handle);
    } catch (error) {
      await current.handle.close();
      throw error;
    }
    this.#current = current;
    await before.handle.close();
  }

  async recorded(ids: readonly string[], since: number): Promise<ReadonlySet<string>> {
    const { path } = this.#settings;
    const files: string[] = [];
    for (const file of [...fullFilesOf(path), path])
      if ((await stat(file)).mtimeMs >= since - CLOCKS_MS) files.push(file);
    const found = new Set<string>();
    for await (const { text } of readLines(files)) {
      const id = noticeIn(text);
      if (id !== undefined && ids.includes(id)) found.add(id);
    }
    return found;
  }

  async close(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    try {
      await current?.handle.close();
    } finally {
      this.#release();
    }
  }

  #open(): Current {
    if (this.#current === undefined) throw new AuditError("audit/unwritable", `${this.name} is not open`);
    return this.#current;
  }

  async #openFile(): Promise<Current> {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;
    const handle = await open(this.#settings.path, flags, MODE);
    try {
      await syncDirectory(this.#settings.path);
      const { ino } = await handle.stat({ bigint: true });
      return { handle, inode: ino, size: 0, first: undefined };
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async #cutTo(current: Current, size: number): Promise<void> {
    await current.handle.truncate(size);
    await current.handle.datasync();
    current.size = size;
    this.#inDoubt = false;
  }

  /** Whether the file is still under its name, and nobody else writes to it: that would break both chains. */
  async #isThere({ inode, size }: Current): Promise<boolean> {
    const found = await stat(this.#settings.path, { bigint: true }).catch(() => undefined);
    if (found?.ino !== inode) return false;
    if (!this.#inDoubt && found.size !== BigInt(size))
      throw new AuditError(
        "audit/damaged",
        `${this.name} has ${found.size} bytes instead of ${size}: somebody else writes to it`,
      );
    return true;
  }

  #isFull(more: number): boolean {
    const { rotateSize, rotateAge } = this.#settings;
    const { size, first } = this.#open();
    if (first === undefined) return false;
    return (
      size + more > rotateSize || (rotateAge !== undefined && this.#clock.now() - first.time >= rotateAge)
    );
  }

  /** Puts the file aside. The chain goes on in a new one, whose first record names the last one here. */
  async #rotate(): Promise<void> {
    const { path } = this.#settings;
    const { handle, first } = this.#open();
    if (first === undefined) return;
    const target = fullFile(path, first.seq, first.node);
    if (await exists(target)) throw new AuditError("audit/unwritable", `${target} is there already`);
    await rename(path, target);
    this.#current = await this.#openFile();
    await handle.close();
  }
}

/** The longest first line that is looked for. */
const MAX_FIRST_LINE = 1024 * 1024;

/** The first record of a file. */
async function firstOf(handle: FileHandle): Promise<Tail | undefined> {
  const bytes = Buffer.alloc(MAX_FIRST_LINE);
  const { bytesRead } = await handle.read(bytes, 0, MAX_FIRST_LINE, 0);
  const end = bytes.subarray(0, bytesRead).indexOf("\n");
  const read = readRecord(bytes.toString("utf8", 0, Math.max(0, end)));
  return isFault(read) ? undefined : asTail(read);
}

/** When the process died between two files, the end of the chain is in the newest that was put aside. */
async function tailOfFull(path: string): Promise<Tail | undefined> {
  const newest = fullFilesOf(path).at(-1);
  if (newest === undefined) return undefined;
  const handle = await open(newest, constants.O_RDONLY);
  try {
    return (await readEnd(handle, `file ${newest}`)).tail;
  } finally {
    await handle.close();
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, at + written);
    if (bytesWritten === 0) throw new Error("nothing could be written");
    written += bytesWritten;
  }
}

/** A new name is safe once its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(dirname(path), constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
