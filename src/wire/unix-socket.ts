import { lstatSync, unlinkSync } from "node:fs";
import { connect } from "node:net";

/** Runs `bind` so that the socket it makes has these permission bits from its first moment on. */
export function withMode<T>(mode: number, bind: () => T): T {
  const before = process.umask(0o777 & ~mode);
  try {
    return bind();
  } finally {
    process.umask(before);
  }
}

/**
 * Removes a socket that nobody listens on any more. Anything else at the path stays, for bind(2) to complain about.
 * @throws Error EADDRINUSE when somebody listens on it
 */
export async function clearSocket(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() !== true) return;
  if (await answers(path))
    throw Object.assign(new Error(`listen EADDRINUSE ${path}`), { code: "EADDRINUSE" });
  removeSocket(path);
}

/** Removes the socket; that it is gone already is no error. */
export function removeSocket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "ENOENT") throw error;
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
