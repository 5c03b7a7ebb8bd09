import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Where distributions put daemons; an ordinary user's PATH lacks it. */
const MORE = ["/usr/sbin", "/usr/local/sbin"];

/** The program's file: in one of `directories`, else along PATH; undefined when it is not installed. */
export function findProgram(name: string, directories: readonly string[] = []): string | undefined {
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((part) => part !== "");
  return [...directories, ...path, ...MORE].map((directory) => join(directory, name)).find(canRun);
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
