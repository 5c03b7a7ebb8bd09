import type { Observe } from "../base/event.ts";
import type { LoadResult } from "../config/load.ts";
import { Alone } from "./alone.ts";
import type { Addresses } from "./doors.ts";
import { sameLedger } from "./ledger.ts";
import type { Postern } from "./postern.ts";
import type { Loaded } from "./reloading.ts";
import { Reloading } from "./reloading.ts";
import { firstSignal } from "./signals.ts";
import { workersOf } from "./workers/share.ts";
import { Supervisor } from "./workers/supervisor.ts";

/** What is told once the doors are open. */
export interface Open {
  /** Where the doors listen. */
  readonly addresses: Addresses;
}

export interface RunOptions {
  readonly loaded: Loaded;
  /** Reads the configuration again, for a reload. */
  readonly load: () => LoadResult | Promise<LoadResult>;
  /** False: `loaded` will do to begin with, but `load` failed and has to be tried again. */
  readonly complete?: boolean;
  readonly onOpen?: (open: Open) => void;
}

const LOST =
  "the database was lost and is not waited for, because automatic recovery is off; start Postern again when it is back";

/**
 * Runs Postern until SIGTERM or SIGINT: opens the doors, reloads on SIGHUP or SIGUSR2 and when a file changes that the
 * configuration was read from or names, loads the REST door's catalog again on SIGUSR1, drains at the end. A second
 * signal ends it at once.
 * @throws Error when a door cannot be opened, and when the database was lost where that is to be the end
 */
export async function run({ loaded, load, complete = true, onOpen }: RunOptions): Promise<void> {
  // From the first moment on: a signal that came while a door opens would end the process with nothing put away.
  const hurry = new AbortController();
  const told = firstSignal(() => hurry.abort());
  const lost = Promise.withResolvers<"lost">();
  const workers = workersOf(loaded.config);
  const starting = (workers > 1 ? Supervisor : Alone).start(loaded, (request) => {
    if (request === "end") lost.resolve("lost");
    else reloading.request(request === "reload" ? "always" : "if-changed");
  });
  const reloading = reloadingOf(starting, { loaded, load });
  const reloadCatalog = () =>
    void starting.then(
      (postern) => postern.reloadCatalog(),
      () => {}, // there is none
    );
  process.on("SIGUSR1", reloadCatalog);
  try {
    const postern = await starting;
    onOpen?.(postern);
    if (!complete) reloading.request();
    const why = await Promise.race([told, lost.promise]);
    reloading.close();
    await postern.stop(hurry.signal);
    if (why === "lost") throw new Error(LOST);
  } finally {
    process.off("SIGUSR1", reloadCatalog);
    reloading.close();
  }
}

/** Watches from the start on: what changes, or is asked for, while the doors open is taken up once they are. */
function reloadingOf(starting: Promise<Postern>, { loaded, load }: RunOptions): Reloading {
  const observe: Observe = (event) => {
    starting.then(
      ({ observation }) => observation.observe(event),
      () => {}, // run() tells why there is no Postern
    );
  };
  const inForce = async (next: Loaded) => {
    const postern = await starting;
    if (workersOf(next.config) !== workersOf(loaded.config))
      throw new Error("the number of workers can be changed only by a restart");
    if (!sameLedger(next.config.audit, loaded.config.audit))
      throw new Error("audit can be changed only by a restart");
    await postern.reload(next);
  };
  return new Reloading({ load, observe, inForce }, loaded);
}
