import { readdirSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";

/** Ten thousand million records sort by their names. */
const DIGITS = 12;

/** The file of a worker process: each has its own chain, and so its own file. */
export function fileOfWorker(file: string, worker: number | undefined): string {
  return worker === undefined ? file : insert(file, `w${worker}`);
}

/** What a file is called that is full: with the number of its first record, and the id of that record's chain. */
export function fullFile(file: string, firstSeq: number, chain: string): string {
  const id = chain.slice(chain.lastIndexOf("/") + 1);
  return insert(file, `${String(firstSeq).padStart(DIGITS, "0")}.${id}`);
}

/** The files of one process that are full, oldest first. */
export function fullFilesOf(file: string): string[] {
  return matching(file, "", FULL).sort();
}

/**
 * All files of a ledger, those of its workers included: of each process the ones that are full in their order, and then
 * the one that is written to.
 */
export function filesOf(file: string): string[] {
  const owners = [file, ...matching(file, "\\.w\\d+", "").sort()];
  return owners.flatMap((owner) => [...fullFilesOf(owner), ...matching(owner, "", "")]);
}

const FULL = `\\.\\d{${DIGITS}}\\.[0-9a-f]{16}`;

/** The files beside `file` whose names have what these two forms match between stem and extension. */
function matching(file: string, worker: string, full: string): string[] {
  const directory = dirname(file);
  const extension = extname(file);
  const form = new RegExp(
    `^${RegExp.escape(basename(file, extension))}${worker}${full}${RegExp.escape(extension)}$`,
  );
  return readdirSync(directory)
    .filter((name) => form.test(name))
    .map((name) => join(directory, name));
}

function insert(file: string, part: string): string {
  const extension = extname(file);
  return join(dirname(file), `${basename(file, extension)}.${part}${extension}`);
}
