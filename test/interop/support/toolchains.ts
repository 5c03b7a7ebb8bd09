/** What each suite needs on the machine, and how its program is made ready. Nothing is put into the repository. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { CACHE, once, run, SUITES } from "./cache.ts";

export type Language = "node" | "shell" | "python" | "java" | "go" | "rust";

/** Where the program of a suite is and what it needs around it. */
export interface Ready {
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

interface Toolchain {
  /** Programs that must be on the path, with the Debian package that brings each. */
  readonly programs: Readonly<Record<string, string>>;
  /** What is wrong with the programs that are there; for languages whose Debian package will not do. */
  readonly lacks?: () => string | undefined;
  /** Downloads and builds what is not there yet. Returns how a program of the language is run. */
  readonly prepare: () => Promise<(program: string) => Ready>;
}

const toolchains: Readonly<Record<Language, Toolchain>> = {
  node: {
    programs: {},
    prepare: async () => (program) => ({
      command: [process.execPath, join(SUITES, "node", `${program}.ts`)],
      env: { NODE_NO_WARNINGS: "1" },
    }),
  },
  shell: {
    programs: {
      bash: "bash",
      psql: "postgresql-client",
      pg_dump: "postgresql-client",
      pgbench: "postgresql-contrib",
    },
    prepare: async () => (program) => ({
      command: ["bash", join(SUITES, "shell", `${program}.sh`)],
      env: {},
    }),
  },
  python: {
    programs: { python3: "python3", pip3: "python3-pip" },
    prepare: async () => {
      const version = await run("python3", ["--version"]);
      const packages = await once(`python-${version}`, "python/requirements.txt", (directory, requirements) =>
        run("python3", [
          ...["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--root-user-action=ignore"],
          ...["--no-deps", "--only-binary=:all:", "--target", directory, "--requirement", requirements],
        ]),
      );
      return (program) => ({
        command: ["python3", join(SUITES, "python", `${program}.py`)],
        env: { PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: "1" },
      });
    },
  },
  java: {
    programs: { java: "default-jre-headless", mvn: "maven" },
    prepare: async () => {
      const jars = await once("java", "java/pom.xml", (directory, pom) =>
        run("mvn", [
          ...["--quiet", "--batch-mode", "--strict-checksums", "--file", pom],
          ...["dependency:copy-dependencies", `-DoutputDirectory=${directory}`],
        ]),
      );
      return (program) => ({
        command: [
          ...["java", "-Dfile.encoding=UTF-8", "--class-path", join(jars, "*")],
          join(SUITES, "java", `${program}.java`),
        ],
        env: {},
      });
    },
  },
  go: {
    programs: {},
    lacks: goLacks,
    prepare: async () => {
      const directory = join(CACHE, "go");
      await run("go", ["build", "-mod=readonly", "-o", `${directory}/`, "./..."], join(SUITES, "go"));
      return (program) => ({ command: [join(directory, program)], env: {} });
    },
  },
  rust: {
    programs: { cargo: "cargo", cc: "gcc" },
    prepare: async () => {
      const directory = join(CACHE, "rust");
      await run(
        "cargo",
        ["build", "--quiet", "--locked", "--target-dir", directory, "--manifest-path", "Cargo.toml"],
        join(SUITES, "rust"),
      );
      return (program) => ({ command: [join(directory, "debug", program)], env: {} });
    },
  },
};

/** What is missing for a language and how to get it, or undefined when everything is there. */
export function missing(language: Language): string | undefined {
  const absent = Object.entries(toolchains[language].programs).filter(([program]) => !onPath(program));
  if (absent.length === 0) return toolchains[language].lacks?.();
  const names = absent.map(([program]) => program).join(", ");
  const packages = [...new Set(absent.map(([, name]) => name))].join(" ");
  return `${names} not found; on Debian: apt-get install ${packages}`;
}

/**
 * go.mod asks for Go 1.25. From 1.21 on, go fetches the version that is asked for by itself ("Go Toolchains"); before,
 * as Debian 12 has it, it does not even understand the question.
 */
function goLacks(): string | undefined {
  const { stdout = "" } = spawnSync("go", ["env", "GOVERSION"], { cwd: tmpdir(), encoding: "utf8" });
  const found = /^go1\.(\d+)/.exec(stdout ?? "");
  if (found !== null && Number(found[1]) >= 21) return undefined;
  const there = found === null ? "go not found" : `${stdout.trim()} is too old`;
  return `${there}; install Go 1.25 from https://go.dev/dl (any from 1.21 on fetches it by itself; Debian 12's is 1.19)`;
}

const prepared = new Map<Language, Promise<(program: string) => Ready>>();

/** Makes a language's programs ready, once. Languages are made ready beside each other. */
export function prepare(language: Language): Promise<(program: string) => Ready> {
  const running = prepared.get(language) ?? toolchains[language].prepare();
  prepared.set(language, running);
  running.catch(() => {}); // whoever awaits it is told
  return running;
}

function onPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
