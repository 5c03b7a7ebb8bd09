import { readFileSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { z } from "zod";
import { checkAdmin } from "./checks/admin.ts";
import { checkAudit } from "./checks/audit.ts";
import { checkClusters } from "./checks/clusters.ts";
import { checkDoors } from "./checks/doors.ts";
import { checkIssuers } from "./checks/issuers.ts";
import { checkPamDoor } from "./checks/pam-door.ts";
import type { Parts, Placed } from "./checks/parts.ts";
import { checkRestDoor } from "./checks/rest-door.ts";
import { checkStore } from "./checks/store.ts";
import { layDatabase } from "./compat/postgrest/in-database.ts";
import type { DatabaseSetting } from "./compat/postgrest/values.ts";
import { resolveUris } from "./connection-strings.ts";
import type { Fault, Path } from "./errors.ts";
import { unreadable } from "./files.ts";
import { reportIssues } from "./issues.ts";
import type { Env } from "./overlay.ts";
import { overlay } from "./overlay.ts";
import type { Findings } from "./prepare.ts";
import { expandAll, findFiles, readSecrets, warnOfWrittenSecrets } from "./prepare.ts";
import type { Config } from "./schema.ts";
import { clusterSchema, configSchema, doorSchemas, issuerSchema } from "./schema.ts";
import type { Source, SourceResult } from "./source.ts";
import { valueSource, yamlSource } from "./source.ts";
import { freezeDeep, isTooDeep, isTree, setAt, valueAt } from "./tree.ts";

export type LoadOptions = {
  readonly env: Env;
  /** Settings from elsewhere, over what was read and under the environment. */
  readonly laid?: readonly Laid[];
  /** Whether what the database says is among them: then `doors.rest.inDatabaseConfig` comes out as false. */
  readonly databaseAsked?: boolean;
} & (
  | { readonly file: string }
  /** A configuration that is not in a file; `${NAME}` in it is taken as it is. */
  | { readonly value: unknown; readonly source: string }
);

/** A setting that is laid over others. */
export interface Laid {
  readonly path: Path;
  readonly value: unknown;
  /** Where it was written, for messages. */
  readonly where: string;
}

export type LoadResult =
  | {
      readonly kind: "ok";
      readonly config: Config;
      /** The file's path, or the name that was given. */
      readonly source: string;
      readonly warnings: readonly Fault[];
      /** Every file that it was read from or names, absolute: a change of one of them may change what is in force. */
      readonly files: readonly string[];
      /**
       * Reads everything again with what the database says laid over it. While `doors.rest.inDatabaseConfig` is true in
       * a configuration, that is still to be done.
       */
      readonly withDatabase: (settings: readonly DatabaseSetting[]) => LoadResult;
    }
  | { readonly kind: "faults"; readonly faults: readonly Fault[] };

/** A configuration is a few hundred lines; a larger file was named by mistake. */
const MAX_FILE_BYTES = 1024 * 1024;

/**
 * Reads the configuration from a file or a value, lays the environment over it, reads the secrets that it points to,
 * and checks all of it. Every fault is reported together; the result is frozen. Never throws for what it reads.
 */
export function loadConfig(options: LoadOptions): LoadResult {
  const loaded = loadOnce(options);
  if (loaded.kind === "faults") return loaded;
  return { ...loaded, withDatabase: (settings) => loadWithDatabase(options, settings) };
}

function loadWithDatabase(options: LoadOptions, settings: readonly DatabaseSetting[]): LoadResult {
  const { laid, faults } = layDatabase(settings);
  return faults.length > 0
    ? { kind: "faults", faults }
    : loadConfig({ ...options, laid: [...(options.laid ?? []), ...laid], databaseAsked: true });
}

type LoadedOnce = Omit<Extract<LoadResult, { kind: "ok" }>, "withDatabase"> | Faults;
type Faults = Extract<LoadResult, { kind: "faults" }>;

function loadOnce(options: LoadOptions): LoadedOnce {
  const read = "file" in options ? readSource(options.file) : fromValue(options.source, options.value);
  if (read.kind === "faults") return read;
  const file = "file" in options ? resolve(options.file) : undefined;
  const loaded = new Loading(read.source, options.env, options.laid ?? []).run(file);
  if (loaded.kind === "faults" || options.databaseAsked !== true) return loaded;
  return { ...loaded, config: withDatabaseAsked(loaded.config) };
}

function withDatabaseAsked(config: Config): Config {
  const { rest, ...others } = config.doors;
  if (rest === undefined) return config;
  return freezeDeep({ ...config, doors: { ...others, rest: { ...rest, inDatabaseConfig: false } } });
}

function fromValue(name: string, value: unknown): SourceResult {
  return { kind: "ok", source: valueSource(name, value) };
}

function readSource(file: string): SourceResult {
  const fault = (message: string): SourceResult => ({
    kind: "faults",
    faults: [{ where: file, path: [], message }],
  });
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) return fault("is a directory; name the configuration file in it");
    if (stat.size > MAX_FILE_BYTES)
      return fault(`is larger than ${MAX_FILE_BYTES} bytes; name the configuration file`);
    return yamlSource(file, readFileSync(file, "utf8"));
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT")
      return fault("there is no such file; name the configuration with --config, or create it");
    return fault(`the configuration ${unreadable(file, error)}`);
  }
}

/** One run of the loader: what was found on the way, and where each setting came from. */
class Loading implements Findings {
  readonly #source: Source;
  readonly #env: Env;
  readonly #faults: Fault[] = [];
  readonly #warnings: Fault[] = [];
  /** Paths (as JSON) that have a fault already. */
  readonly #faulty = new Set<string>();
  readonly #uriOf = new Map<string, Path>();
  readonly #files: string[] = [];
  readonly #laid: readonly Laid[];
  /** Path (as JSON) → where it was set, when not in the source. */
  readonly #setBy = new Map<string, string>();

  constructor(source: Source, env: Env, laid: readonly Laid[]) {
    this.#source = source;
    this.#env = env;
    this.#laid = laid;
  }

  fault(path: Path, message: string): void {
    const key = JSON.stringify(path);
    if (this.#faulty.has(key)) return;
    this.#faulty.add(key);
    this.#faults.push({ where: this.#where(path), path, message });
  }

  warn(path: Path, message: string): void {
    this.#warnings.push({ where: this.#where(path), path, message });
  }

  file(path: string): void {
    this.#files.push(path);
  }

  /** @param file the file that the source is, when it is one */
  run(file: string | undefined): LoadedOnce {
    // An empty file is an empty map, so that the first message is about what is missing.
    const written = this.#source.value ?? {};
    if (isTooDeep(written)) {
      this.fault([], "is nested too deeply to be a configuration; correct it");
      return { kind: "faults", faults: this.#faults };
    }
    const overlaid = overlay(this.#lay(written), this.#env);
    for (const [path, name] of overlaid.setBy) this.#setBy.set(path, `environment ${name}`);
    this.#faults.push(...overlaid.faults);
    const fromEnvironment = (path: Path) => this.#setterOf(path) !== undefined;
    let value = overlaid.value;
    if (file !== undefined) {
      this.file(file);
      warnOfWrittenSecrets(value, file, fromEnvironment, this);
      value = expandAll(value, this.#env, fromEnvironment, this);
    }
    const whole = resolveUris(value, this, (path, uri) => this.#uriOf.set(JSON.stringify(path), uri));
    const directory = file === undefined ? process.cwd() : dirname(file);
    return this.#check(readSecrets(findFiles(whole, directory, this), this));
  }

  #lay(value: unknown): unknown {
    return this.#laid.reduce((tree, { path, value, where }) => {
      this.#setBy.set(JSON.stringify(path), where);
      return setAt(isTree(tree) ? tree : {}, path, value) ?? tree;
    }, value);
  }

  #check(value: unknown): LoadedOnce {
    const parsed = configSchema.safeParse(value);
    if (!parsed.success) reportIssues(parsed.error.issues, value, this);
    // Of something else than a map there is nothing more to say.
    if (isTree(value)) this.#checkParts(partsOf(value));
    if (!parsed.success || this.#faults.length > 0)
      return { kind: "faults", faults: this.#faults.sort(byPlace) };
    return {
      kind: "ok",
      config: freezeDeep(parsed.data),
      source: this.#source.name,
      warnings: this.#warnings,
      files: [...new Set(this.#files)],
    };
  }

  #checkParts(parts: Parts): void {
    checkIssuers(parts, this);
    checkClusters(parts, this);
    checkDoors(parts, this);
    checkRestDoor(parts, this);
    checkPamDoor(parts, this);
    checkAdmin(parts, this);
    checkAudit(parts, this);
    checkStore(parts, this);
  }

  #where(path: Path): string {
    const setter = this.#setterOf(path);
    if (setter !== undefined) return setter;
    return this.#source.locate(this.#uriAround(path) ?? path);
  }

  /** What set this setting or one around it, when it was not the source. */
  #setterOf(path: Path): string | undefined {
    return around(path, this.#setBy) ?? around(this.#uriAround(path) ?? [], this.#setBy);
  }

  #uriAround(path: Path): Path | undefined {
    return around(path, this.#uriOf);
  }
}

/** In the order of the file. */
function byPlace(a: Fault, b: Fault): number {
  return a.where.localeCompare(b.where, "en", { numeric: true });
}

/** What a map says of a path, or else of the nearest path around it. */
function around<T>(path: Path, map: ReadonlyMap<string, T>): T | undefined {
  for (let length = path.length; length > 0; length--) {
    const found = map.get(JSON.stringify(path.slice(0, length)));
    if (found !== undefined) return found;
  }
  return undefined;
}

function partsOf(value: unknown): Parts {
  const door = doorSchemas.postgres.safeParse(valueAt(value, ["doors", "postgres"]));
  const pamDoor = doorSchemas.pam.safeParse(valueAt(value, ["doors", "pam"]));
  const restDoor = doorSchemas.rest.safeParse(valueAt(value, ["doors", "rest"]));
  const admin = configSchema.shape.admin.safeParse(valueAt(value, ["admin"]));
  const audit = configSchema.shape.audit.safeParse(valueAt(value, ["audit"]));
  const store = configSchema.shape.store.safeParse(valueAt(value, ["store"]));
  const personalTokens = configSchema.shape.personalTokens.safeParse(valueAt(value, ["personalTokens"]));
  const webhooks = configSchema.shape.webhooks.safeParse(valueAt(value, ["webhooks"]));
  return {
    issuers: accepted(issuerSchema, valueAt(value, ["issuers"])),
    issuerNames: namesOf(valueAt(value, ["issuers"])),
    clusters: accepted(clusterSchema, valueAt(value, ["clusters"])),
    clusterNames: namesOf(valueAt(value, ["clusters"])),
    door: door.success ? door.data : undefined,
    restDoor: restDoor.success ? restDoor.data : undefined,
    pamDoor: pamDoor.success ? pamDoor.data : undefined,
    admin: admin.success ? admin.data : undefined,
    audit: audit.success ? audit.data : "faulty",
    store: store.success ? store.data : undefined,
    personalTokens: personalTokens.success ? personalTokens.data : undefined,
    webhooks: webhooks.success ? webhooks.data : [],
  };
}

function accepted<T>(schema: z.ZodType<T>, list: unknown): Placed<T>[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((entry: unknown, index) => {
    const parsed = schema.safeParse(entry);
    return parsed.success ? [{ index, config: parsed.data }] : [];
  });
}

function namesOf(list: unknown): (string | undefined)[] {
  if (!Array.isArray(list)) return [];
  return list.map((entry: unknown) => {
    const name = valueAt(entry, ["name"]);
    return typeof name === "string" ? name : undefined;
  });
}
