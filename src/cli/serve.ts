import { Failure } from "./failure.ts";
import { tell } from "./terminal.ts";

/** Tells where the doors are open. */
export function tellOpen({ addresses: { postgres, rest, pam } }: Open): void {
  if (postgres !== undefined) tell(`open on ${placeOf(postgres)}`);
  if (rest !== undefined) tell(`REST door open on ${placeOf(rest)}`);
  if (pam !== undefined) tell(`PAM door open on ${placeOf(pam)}`);
}

/** A Unix-domain socket has a path and no port. */
function placeOf({ address, port }: Address): string {
  return port === 0 ? address : `${address}:${port}`;
}

interface Open {
  readonly addresses: { readonly postgres?: Address; readonly rest?: Address; readonly pam?: Address };
}

interface Address {
  readonly address: string;
  readonly port: number;
}

/**
 * Waits for something that listens. An address that cannot be had is told with the setting that changes it.
 * @param setting what names the port: `--port`, or what names which one
 */
export async function serve(
  running: Promise<void>,
  setting: string | ((port: number) => string),
): Promise<void> {
  try {
    await running;
  } catch (error) {
    throw addressFailure(error, typeof setting === "string" ? () => setting : setting) ?? error;
  }
}

function addressFailure(error: unknown, settingOf: (port: number) => string): Failure | undefined {
  if (!(error instanceof Error)) return undefined;
  const reason = reasonOf("code" in error ? error.code : undefined);
  if (reason === undefined || !("syscall" in error) || error.syscall !== "listen")
    return addressFailure(error.cause, settingOf);
  const { address, port } = error as { readonly address?: string; readonly port?: number };
  const place = `${address ?? "*"}:${port ?? "?"}`;
  return new Failure(`${place} ${reason}, or choose another address with ${settingOf(port ?? 0)}`, 1, {
    cause: error,
  });
}

/** Why an address cannot be listened on, and what else than another address would help. */
function reasonOf(code: unknown): string | undefined {
  switch (code) {
    case "EADDRINUSE":
      return "is in use; stop what listens there";
    case "EACCES":
      return "may not be listened on by this user; start with the right to";
    case "EADDRNOTAVAIL":
      return "is no address of this machine; give the machine that address";
    default:
      return undefined;
  }
}
