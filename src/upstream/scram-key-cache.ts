import { createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import { saslprep } from "../protocol/saslprep.ts";
import { type ScramKeys, type ServerFirst, scramKeys } from "../protocol/scram.ts";

const derive = promisify(pbkdf2);
/** SHA-256. */
const SALTED_PASSWORD_BYTES = 32;
/** One entry a role; an entry is about 300 bytes. */
const MAX_ENTRIES = 10_000;

/**
 * Keys derived from passwords. PBKDF2 is most of what a SCRAM login costs, and a role's password, salt and iteration
 * count change rarely, so it is paid once for each and in a thread of its own. What is kept is as good as the password
 * to log in with, and stays in memory as the password does.
 */
export class ScramKeyCache {
  readonly #kept = new Map<string, Promise<ScramKeys>>();
  /** Names of entries are keyed hashes, so that the map holds no password. */
  readonly #namingKey = randomBytes(32);

  /** The keys for `password` with the server's salt and iteration count (bounded by ScramExchange). */
  get(password: string, { salt, iterations }: ServerFirst): Promise<ScramKeys> {
    const name = this.#name(password, salt, iterations);
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept;
    const derived = derive(saslprep(password), salt, iterations, SALTED_PASSWORD_BYTES, "sha256").then(
      scramKeys,
    );
    if (this.#kept.size >= MAX_ENTRIES) this.#forgetOldest();
    this.#kept.set(name, derived);
    derived.catch(() => this.#kept.delete(name));
    return derived;
  }

  #name(password: string, salt: Buffer, iterations: number): string {
    const parts = JSON.stringify([password, salt.toString("base64"), iterations]);
    return createHmac("sha256", this.#namingKey).update(parts).digest("base64");
  }

  #forgetOldest(): void {
    const oldest = this.#kept.keys().next();
    if (!oldest.done) this.#kept.delete(oldest.value);
  }
}
