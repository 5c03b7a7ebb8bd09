/** What can be wrong with a configuration. It is told to the operator on standard error and never to a client. */

/** A way to a setting: `["clusters", 0, "tls", "mode"]`. */
export type Path = readonly (string | number)[];

/** One thing that is wrong (or, as a warning, unwise), and what to do about it. Never holds a secret. */
export interface Fault {
  /** `postern.yaml:12:5`, `environment POSTERN__LOG__LEVEL`, or the source's name. */
  readonly where: string;
  readonly path: Path;
  /** What is wrong; what to do. */
  readonly message: string;
}

/** `clusters[0].tls.mode`; empty for the whole configuration. */
export function pathText(path: Path): string {
  const text = path.map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`)).join("");
  return text.startsWith(".") ? text.slice(1) : text;
}

/** `where: path: what is wrong; what to do`, on one line whatever a key may contain. */
export function faultText(fault: Fault): string {
  const parts = [fault.where, pathText(fault.path), fault.message].filter((part) => part !== "");
  return printable(parts.join(": "));
}

const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

/** Text with everything that could forge a line or drive a terminal written as an escape. */
export function printable(text: string): string {
  return text.replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
