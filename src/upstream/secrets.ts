import { join } from "node:path";
import { messageOf } from "../base/error.ts";
import type { RoleName } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";
import type { LoginConfig } from "../config/schema.ts";
import { UpstreamError } from "./errors.ts";
import type { WatchedFiles } from "./watched-file.ts";

/** The passwords that Postern logs in with. */
export class Secrets {
  readonly #files: WatchedFiles;
  readonly #environment: Readonly<Record<string, string | undefined>>;

  constructor(files: WatchedFiles, environment: Readonly<Record<string, string | undefined>>) {
    this.#files = files;
    this.#environment = environment;
  }

  /**
   * The password of `role`, or undefined when the login method has none.
   * @throws UpstreamError upstream/secret when there should be one and it cannot be had
   */
  passwordFor(login: LoginConfig, role: RoleName): Secret | undefined {
    switch (login.method) {
      case "shared-password":
        return login.password;
      case "role-password":
        return this.#ofRole(login, role);
      case "certificate":
      case "trust":
        return undefined;
      default:
        return login satisfies never;
    }
  }

  #ofRole(login: Extract<LoginConfig, { method: "role-password" }>, role: RoleName): Secret {
    const { passwords, directory, environmentPrefix } = login;
    if (passwords !== undefined && Object.hasOwn(passwords, role)) {
      const password = passwords[role];
      if (password !== undefined) return password;
    }
    if (directory !== undefined && isFileName(role)) {
      const found = this.#read(join(directory, role));
      if (found !== undefined) return found;
    }
    if (environmentPrefix !== undefined) {
      const value = this.#environment[environmentPrefix + variableName(role)];
      if (value !== undefined && value !== "") return new Secret(value);
    }
    throw new UpstreamError("upstream/secret", `there is no password for role ${JSON.stringify(role)}`);
  }

  #read(path: string): Secret | undefined {
    let text: string;
    try {
      text = this.#files
        .read(path)
        .toString("utf8")
        .replace(/\r?\n$/, "");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw new UpstreamError("upstream/secret", messageOf(error), { cause: error });
    }
    if (text === "") throw new UpstreamError("upstream/secret", `${path} is empty`);
    return new Secret(text);
  }
}

/**
 * The end of a role's variable. No two roles have the same, or one would log in with the password of the other: letters
 * become upper case, and only what is no lower-case letter, digit or `_` gives a lower-case `x` with two digits a byte.
 */
export function variableName(role: string): string {
  const escaped = (byte: number) => `x${byte.toString(16).padStart(2, "0")}`;
  const name = (character: string) =>
    /[a-z0-9_]/.test(character) ? character.toUpperCase() : [...Buffer.from(character)].map(escaped).join("");
  return [...role].map(name).join("");
}

/** A role's name must not lead out of the directory of passwords. */
function isFileName(role: string): boolean {
  return !role.includes("/") && !role.includes("\\") && !role.startsWith(".");
}
