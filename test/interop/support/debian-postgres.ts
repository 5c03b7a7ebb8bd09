/** Debian's PostgreSQL 15, behind the door for programs that want a server no newer than themselves. */
import { chownSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { give, type Place, run } from "../../../src/embedded/place.ts";
import { startServer } from "../../../src/embedded/server-process.ts";
import { unprivilegedAccount } from "../../../src/embedded/unprivileged.ts";
import { freePort } from "../../support/free-port.ts";

const BIN = "/usr/lib/postgresql/15/bin";

/** Whether the machine has it; what to do otherwise. */
export function missingDebianPostgres(): string | undefined {
  if (existsSync(join(BIN, "postgres"))) return undefined;
  return `${BIN}/postgres not found; on Debian: apt-get install postgresql`;
}

export interface DebianPostgres {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts a fresh server on 127.0.0.1. `setUp` is run as its superuser before anybody can connect. */
export async function startDebianPostgres(setUp: string): Promise<DebianPostgres> {
  const directory = mkdtempSync(join(tmpdir(), "postern-pg15-"));
  const account = unprivilegedAccount();
  if (account.kind === "other") chownSync(directory, account.uid, account.gid);
  const place: Place = { account, bin: BIN, data: join(directory, "data") };
  await run(
    place,
    "initdb",
    ["-D", place.data, "-E", "UTF8", "--no-locale", "--no-sync", "-A", "reject"],
    "",
  );
  const settings = ["listen_addresses = '127.0.0.1'", "unix_socket_directories = ''", "fsync = off"];
  give(place, join(place.data, "postgresql.auto.conf"), `${settings.join("\n")}\n`);
  give(place, join(place.data, "pg_hba.conf"), "host all all 127.0.0.1/32 scram-sha-256\n");
  await run(place, "postgres", ["--single", "-j", "-D", place.data, "postgres"], `${setUp.trim()}\n\n`);
  const port = await freePort();
  const server = await startServer(place, port, () => {});
  const cut = () => process.kill(server.pid, "SIGQUIT");
  process.once("exit", cut);
  return {
    port,
    stop: async () => {
      process.removeListener("exit", cut);
      await server.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
