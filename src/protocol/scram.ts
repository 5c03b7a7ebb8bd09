/** SCRAM-SHA-256 as a client speaks it (RFC 5802, RFC 7677; PostgreSQL docs, "SASL Authentication"). */
import { createHash, createHmac } from "node:crypto";
import { equalInConstantTime } from "../base/secret.ts";
import { ProtocolFault } from "./fault.ts";

/**
 * PostgreSQL's own default is 4096; RFC 7677 §4 asks for at least that. Whoever answers in the server's place chooses the
 * number and sees a proof made with it: with one iteration, guessing the password from it costs next to nothing. So this
 * is no setting; a server whose `scram_iterations` is lower is to be corrected.
 */
const MIN_ITERATIONS = 4096;
/** About half a second of one core. A server that asks for more wants our time, not our password. */
export const MAX_ITERATIONS = 1_000_000;
/** Servers send about 24 and 16 bytes; these bound what a strange one makes us keep. */
const MAX_NONCE_CHARACTERS = 512;
const MAX_SALT_BYTES = 1024;

/** What the exchange is bound to (RFC 5802 §6), as the GS2 header says it. */
export type ChannelBinding =
  /** Not supported on this connection. */
  | { readonly kind: "none" }
  /** Supported, but the server did not offer it. The server can tell when somebody took its offer away. */
  | { readonly kind: "not-offered" }
  /** tls-server-end-point (RFC 5929 §4): a hash of the server's certificate. */
  | { readonly kind: "end-point"; readonly hash: Buffer };

const GS2_HEADER: Readonly<Record<ChannelBinding["kind"], string>> = {
  none: "n,,",
  "not-offered": "y,,",
  "end-point": "p=tls-server-end-point,,",
};

/** Derived from password, salt and iteration count: all that a login needs of a password. */
export interface ScramKeys {
  readonly clientKey: Buffer;
  readonly serverKey: Buffer;
}

/** @param saltedPassword PBKDF2-HMAC-SHA-256 of the prepared password, 32 bytes */
export function scramKeys(saltedPassword: Buffer): ScramKeys {
  return { clientKey: hmac(saltedPassword, "Client Key"), serverKey: hmac(saltedPassword, "Server Key") };
}

export interface ServerFirst {
  readonly nonce: string;
  readonly salt: Buffer;
  readonly iterations: number;
}

/** One exchange, as the client: first message, server's challenge, proof, server's signature. */
export class ScramExchange {
  readonly #binding: ChannelBinding;
  readonly #nonce: string;
  readonly #firstBare: string;
  #serverSignature: Buffer | undefined;

  /** @param user ignored by PostgreSQL, which takes the name in the startup packet; empty but in test vectors */
  constructor(binding: ChannelBinding, nonce: string, user = "") {
    this.#binding = binding;
    this.#nonce = nonce;
    this.#firstBare = `n=${user},r=${nonce}`;
  }

  /** The client-first-message. */
  first(): string {
    return GS2_HEADER[this.#binding.kind] + this.#firstBare;
  }

  /**
   * Reads the server-first-message.
   * @throws ProtocolFault when it is malformed, or its nonce or iteration count is not acceptable
   */
  challenge(message: string): ServerFirst {
    const match = /^r=([\x21-\x2b\x2d-\x7e]+),s=([A-Za-z0-9+/]+={0,2}),i=([1-9]\d{0,9})(?:,.*)?$/.exec(
      message,
    );
    const [, nonce = "", saltText = "", count = ""] = match ?? [];
    if (match === null || nonce.length > MAX_NONCE_CHARACTERS) {
      throw new ProtocolFault("a malformed SCRAM challenge");
    }
    if (!nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length) {
      throw new ProtocolFault("a SCRAM challenge to somebody else's nonce");
    }
    const salt = base64(saltText, MAX_SALT_BYTES);
    const iterations = Number.parseInt(count, 10);
    if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
      const accepted = `${MIN_ITERATIONS} to ${MAX_ITERATIONS} are accepted`;
      const remedy = "correct scram_iterations on the server and set the role's password again";
      throw new ProtocolFault(`${iterations} SCRAM iterations, and ${accepted}: ${remedy}`);
    }
    return { nonce, salt, iterations };
  }

  /** The client-final-message: the proof that we know the password. */
  proof(serverFirst: string, { nonce }: ServerFirst, keys: ScramKeys): string {
    const withoutProof = `c=${this.#bindingData()},r=${nonce}`;
    const authMessage = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const storedKey = createHash("sha256").update(keys.clientKey).digest();
    const signature = hmac(storedKey, authMessage);
    const proof = Buffer.from(keys.clientKey.map((byte, at) => byte ^ (signature[at] ?? 0)));
    this.#serverSignature = hmac(keys.serverKey, authMessage);
    return `${withoutProof},p=${proof.toString("base64")}`;
  }

  /**
   * Checks the server-final-message: the proof that the server knows our password's verifier too.
   * @throws ProtocolFault when it does not
   */
  verify(message: string): void {
    const expected = this.#serverSignature;
    if (expected === undefined) throw new ProtocolFault("a SCRAM signature before the proof");
    const match = /^v=([A-Za-z0-9+/]+={0,2})(?:,.*)?$/.exec(message);
    if (match === null) throw new ProtocolFault("a SCRAM answer without a server signature");
    if (!equalInConstantTime(base64(match[1] ?? "", MAX_SALT_BYTES), expected)) {
      throw new ProtocolFault(
        "a wrong SCRAM server signature: this is not the server that knows the password",
      );
    }
  }

  #bindingData(): string {
    const header = Buffer.from(GS2_HEADER[this.#binding.kind]);
    const data = this.#binding.kind === "end-point" ? this.#binding.hash : Buffer.alloc(0);
    return Buffer.concat([header, data]).toString("base64");
  }
}

/** Strict: text that decodes to the same bytes as another text is not accepted. */
function base64(text: string, maxBytes: number): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (bytes.length === 0 || bytes.length > maxBytes || bytes.toString("base64") !== text) {
    throw new ProtocolFault("malformed base64 in a SCRAM message");
  }
  return bytes;
}

function hmac(key: Buffer, data: string): Buffer {
  return createHmac("sha256", key).update(data).digest();
}

/** MD5 authentication: `md5` + MD5(MD5(password + role) + salt) (PostgreSQL docs, "Message Flow", AuthenticationMD5Password). */
export function md5Response(password: string, role: string, salt: Buffer): string {
  const inner = createHash("md5").update(password).update(role).digest("hex");
  return `md5${createHash("md5").update(inner).update(salt).digest("hex")}`;
}
