import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { EmbeddedPostgresError, give, type Place, prepare, run } from "./place.ts";
import { type ServerProcess, startServer } from "./server-process.ts";
import { runSetUp, type SetUp, SUPERUSER } from "./set-up.ts";
import { clearStale } from "./stale-server.ts";

/** Free ports are picked by the kernel and can be taken by someone else before the server binds them. */
const PORT_ATTEMPTS = 3;

export interface EmbeddedOptions {
  /** Holds everything: `data/`, the server's key, and the programs when PostgreSQL's user cannot reach ours. */
  readonly directory: string;
  /** Where PostgreSQL's `bin`, `lib` and `share` are; those of the installed package, PostgreSQL 18, by default. */
  readonly native?: string | undefined;
  /** 0 or absent: a free one. */
  readonly port?: number;
  /** Lines of pg_hba.conf. */
  readonly hba: readonly string[];
  /** Lines of pg_ident.conf. */
  readonly ident?: readonly string[];
  readonly settings?: Readonly<Record<string, string>>;
  /** PEM texts. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientCa?: string };
  /** Run once, when the data directory is made; it is made anew when this has changed since. */
  readonly setUp?: readonly SetUp[];
  /** Told each step in words. */
  readonly progress?: (step: string) => void;
  /** Given each line of the server's log. */
  readonly log?: (line: string) => void;
}

export interface EmbeddedPostgres extends ServerProcess {
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly dataDirectory: string;
  /** Whether a data directory of an earlier start was used. */
  readonly reused: boolean;
  /** Writes a file of the data directory with the right owner and mode. */
  write(name: string, text: string): void;
}

/** Starts a real PostgreSQL on 127.0.0.1, making its data directory when there is none. */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const progress = options.progress ?? (() => {});
  const place = prepare({ directory: options.directory, native: options.native, progress });
  await clearStale(place.data);
  const made = join(place.data, "postern.made"); // written last, so that a half-made directory is made again
  const filledBy = digest(options.setUp ?? []);
  if (existsSync(made) && readFileSync(made, "utf8") === filledBy) {
    configure(place, options, options.hba);
    progress("starting PostgreSQL");
    return startOnPort(place, options, true);
  }
  if (existsSync(made)) progress("the sample data is another now: it is made anew");
  rmSync(place.data, { recursive: true, force: true });
  const password = randomBytes(24).toString("base64url");
  await initialise(place, password, progress);
  configure(place, options, SUPERUSER_ONLY);
  progress("starting PostgreSQL");
  const server = await startOnPort(place, options, false);
  try {
    for (const step of options.setUp ?? []) {
      progress(`filling database ${step.database}`);
      await runSetUp(server.port, password, step);
    }
    configure(place, options, options.hba);
    server.reload();
    give(place, made, filledBy);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** What a data directory was filled by. */
function digest(setUp: readonly SetUp[]): string {
  return createHash("sha256").update(JSON.stringify(setUp)).digest("hex");
}

/** While the databases are filled nobody else can connect. */
const SUPERUSER_ONLY = [`host all ${SUPERUSER} 127.0.0.1/32 scram-sha-256`];

async function initialise(place: Place, password: string, progress: (step: string) => void): Promise<void> {
  progress("making a PostgreSQL data directory");
  const file = join(dirname(place.data), "superuser-password");
  give(place, file, password);
  const args = ["-D", place.data, "-U", SUPERUSER, "-E", "UTF8", "--no-locale", "--no-sync", "-A", "reject"];
  try {
    await run(place, "initdb", [...args, `--pwfile=${file}`], "");
  } finally {
    rmSync(file);
  }
}

function configure(place: Place, options: EmbeddedOptions, hba: readonly string[]): void {
  const settings: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    fsync: "off", // the data is made anew when it is lost
    ...options.settings,
  };
  const { tls } = options;
  if (tls !== undefined) {
    give(place, join(place.data, "server.crt"), tls.cert);
    give(place, join(place.data, "server.key"), tls.key);
    Object.assign(settings, { ssl: "on", ssl_cert_file: "server.crt", ssl_key_file: "server.key" });
    if (tls.clientCa !== undefined) {
      give(place, join(place.data, "client-ca.crt"), tls.clientCa);
      settings["ssl_ca_file"] = "client-ca.crt";
    }
  }
  const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'`);
  give(place, join(place.data, "postgresql.auto.conf"), `${lines.join("\n")}\n`);
  give(place, join(place.data, "pg_hba.conf"), `${hba.join("\n")}\n`);
  give(place, join(place.data, "pg_ident.conf"), `${(options.ident ?? []).join("\n")}\n`);
}

async function startOnPort(
  place: Place,
  options: EmbeddedOptions,
  reused: boolean,
): Promise<EmbeddedPostgres> {
  const wanted = options.port ?? 0;
  for (let attempt = 1; ; attempt++) {
    const port = wanted === 0 ? await freePort() : wanted;
    try {
      const server = await startServer(place, port, options.log ?? (() => {}));
      const write = (name: string, text: string) => give(place, join(place.data, name), text);
      return { ...server, host: "127.0.0.1", port, dataDirectory: place.data, reused, write };
    } catch (error) {
      const busy = error instanceof EmbeddedPostgresError && error.kind === "port-busy";
      if (!busy || wanted !== 0 || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/** A port of 127.0.0.1 that nobody listens on. */
export function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      if (address === null || typeof address === "string") throw new TypeError("not a TCP address");
      server.close(() => resolve(address.port));
    });
  });
}
