import type { Config } from "./schema.ts";

/** The user and password of a URL. */
const LOGIN_IN_URL = /(?<=:\/\/)[^/@\s]+(?=@)/g;

/** A configuration in force as JSON, for operators. Secrets say only that they are there. */
export function showConfig(config: Config): string {
  const shown = (_name: string, value: unknown) =>
    typeof value === "string" ? value.replaceAll(LOGIN_IN_URL, "[secret]") : value;
  return JSON.stringify(config, shown, 2);
}
