import { createHash, timingSafeEqual } from "node:crypto";
import { inspect } from "node:util";

/** A secret that cannot be printed by accident: `String()`, JSON and `console.log` show `[secret]`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The secret itself. Call it only where it is used, never to keep it. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return "[secret]";
  }

  toJSON(): string {
    return "[secret]";
  }

  [inspect.custom](): string {
    return "[secret]";
  }
}

/** Whether two byte strings are the same, in time that depends on their lengths only. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Whether `text` is the secret. Digests are compared, so that neither content nor length shows in the time. */
export function sameSecret(text: string, secret: Secret): boolean {
  return equalInConstantTime(digest(text), digest(secret.reveal()));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
