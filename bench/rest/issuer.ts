import { generateKeyPairSync, sign } from "node:crypto";
import { promisify } from "node:util";
import { type PublicJwk, publicJwk } from "../../src/identity/mint.ts";
import { WEB } from "./data.ts";

const signLater = promisify(
  (data: Buffer, key: Parameters<typeof sign>[2], done: (error: Error | null, made: Buffer) => void) =>
    sign("sha256", data, key, done),
);

/** What a Kubernetes cluster signs with. */
const RSA_BITS = 2048;
/** Longer than any run. */
const LIFETIME_S = 12 * 3600;
/** Tokens that are signed at a time, in Node's own threads. */
const BATCH = 100;

export interface Issuer {
  readonly publicPem: string;
  readonly jwk: PublicJwk;
  /** So many tokens for role `web`, each with a subject of its own. */
  tokens(count: number, signed: (count: number) => void): Promise<readonly string[]>;
}

/** A new RSA key, and tokens signed with it (RS256). */
export function newIssuer(): Issuer {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: RSA_BITS });
  const publicPem = publicKey.export({ format: "pem", type: "spki" }).toString();
  const jwk = publicJwk(publicPem, "RS256");
  const head = encode({ alg: "RS256", typ: "JWT", kid: jwk.kid });
  const iat = Math.floor(Date.now() / 1000);
  const token = async (number: number) => {
    const claims = { sub: `user-${number}`, role: WEB, iat, exp: iat + LIFETIME_S };
    const signed = `${head}.${encode(claims)}`;
    return `${signed}.${(await signLater(Buffer.from(signed), privateKey)).toString("base64url")}`;
  };
  return {
    publicPem,
    jwk,
    tokens: async (count, signed) => {
      const made: string[] = [];
      while (made.length < count) {
        const size = Math.min(BATCH, count - made.length);
        const first = made.length;
        made.push(...(await Promise.all(Array.from({ length: size }, (_, i) => token(first + i)))));
        signed(made.length);
      }
      return made;
    },
  };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
