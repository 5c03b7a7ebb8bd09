import { execFile, execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { reachableBy, unprivilegedAccount } from "../../src/embedded/unprivileged.ts";
import type { DebianPostgres } from "./debian-postgres.ts";
import { debianPostgresMissing, startDebianPostgres } from "./debian-postgres.ts";

const run = promisify(execFile);
const ROOT = resolve(import.meta.dirname, "../..");
const SOURCE = join(ROOT, "deploy/pam/pam_postern.c");
/** What of the checkout the helper needs, where the server's account cannot get to the checkout itself (/root). */
const NEEDED = [
  "bin",
  "src",
  "package.json",
  ...["bun", "zod", "yaml", "jsonpath-rfc9535"].map((name) => `node_modules/${name}`),
];

/** Whether servers that ask PAM can be set up here, or what is missing. */
export const pamMissing: string | false = (() => {
  if (debianPostgresMissing !== false) return debianPostgresMissing;
  if (process.getuid?.() !== 0) return "needs root, to write to /etc/pam.d";
  if (!existsSync("/usr/include/security/pam_modules.h"))
    return "needs gcc and libpam0g-dev: apt-get install gcc libpam0g-dev";
  return false;
})();

/** A real PostgreSQL 15 whose logins over TCP are decided by PAM. */
export interface PamServer {
  readonly port: number;
  readonly postgres: DebianPostgres;
  /** Where the server's account may read and write. */
  readonly directory: string;
  /** The programs made of deploy/pam/pam_postern.c. */
  readonly module: string;
  readonly launcher: string;
  /** `…/bin/postern`, where the server's account can run it. */
  readonly postern: string;
  /** Sets the PAM service: a line `auth` and a line `account` of what comes behind them. */
  use(line: { readonly auth: string; readonly account: string }): void;
  /** Sets both lines to pam_exec.so with a command, whose standard error is kept. */
  exec(command: string): void;
  /** What commands have written to standard error. */
  said(): string;
  /** Runs psql; resolves to its standard output, or rejects with what it says. */
  psql(user: string, password: string, sql?: string): Promise<string>;
  stop(): Promise<void>;
}

/** @param hba lines before the one that asks PAM */
export async function startPamServer(sql: string, hba: readonly string[] = []): Promise<PamServer> {
  const directory = mkdtempSync(join(tmpdir(), "postern-pam-"));
  const account = unprivilegedAccount();
  if (account.kind === "other") chownSync(directory, account.uid, account.gid);
  chmodSync(directory, 0o755);
  const checkout = reachableBy(account, ROOT) ? ROOT : copiedTo(join(directory, "checkout"));
  const [module, launcher, log] = ["pam_postern.so", "postern-pam", "pam.log"].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  const cc = (...args: string[]) => execFileSync("cc", ["-O2", "-Wall", "-Wextra", "-Werror", ...args]);
  cc("-fPIC", "-shared", "-DPAM_MODULE", "-o", module, SOURCE, "-lpam");
  cc("-o", launcher, SOURCE);
  writeFileSync(log, "", { mode: 0o666 });
  chmodSync(log, 0o666);
  const postgres = await startDebianPostgres(sql);
  const service = `postgresql-${randomBytes(6).toString("hex")}`;
  const serviceFile = join("/etc/pam.d", service);
  const [place] = await postgres.query("SHOW hba_file");
  const lines = [
    "host all test_admin 127.0.0.1/32 trust",
    ...hba,
    `host all all 127.0.0.1/32 pam pamservice=${service}`,
    `host all all ::1/128 pam pamservice=${service}`,
  ];
  writeFileSync(String(place?.["hba_file"]), `${lines.join("\n")}\n`);
  await postgres.query("SELECT pg_reload_conf()");
  const use: PamServer["use"] = ({ auth, account }) =>
    writeFileSync(serviceFile, `auth required ${auth}\naccount required ${account}\n`);
  const clean = () => rmSync(serviceFile, { force: true });
  process.once("exit", clean);
  const env = { PATH: process.env["PATH"] ?? "", PGCONNECT_TIMEOUT: "100", PGSSLMODE: "disable" };
  return {
    port: postgres.port,
    postgres,
    directory,
    module,
    launcher,
    postern: join(checkout, "bin/postern"),
    use,
    exec: (command) =>
      use({
        auth: `pam_exec.so expose_authtok quiet log=${log} ${command}`,
        account: `pam_exec.so quiet log=${log} ${command}`,
      }),
    said: () => readFileSync(log, "utf8"),
    psql: async (user, password, text = "SELECT session_user") => {
      const place = ["-h", "127.0.0.1", "-p", String(postgres.port), "-U", user, "-d", "postgres"];
      const options = { env: { ...env, PGPASSWORD: password }, timeout: 120_000 };
      const { stdout } = await run("psql", ["-XAtqw", ...place, "-c", text], options);
      return stdout.trim();
    },
    stop: async () => {
      await postgres.stop();
      clean();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function copiedTo(directory: string): string {
  for (const name of NEEDED)
    cpSync(realpathSync(join(ROOT, name)), join(directory, name), { recursive: true, dereference: true });
  return directory;
}
