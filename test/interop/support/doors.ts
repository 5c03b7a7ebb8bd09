/** The server side: PostgreSQL, gateways in front of it, and the facts that a client needs to come through them. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exportSPKI, generateKeyPair, SignJWT } from "jose";
import { createAuthority } from "../../../src/demo/authority.ts";
import { startGateway } from "../../support/gateway.ts";
import { startPostgres } from "../../support/postgres.ts";
import { startDebianPostgres } from "./debian-postgres.ts";

/** `password`: as usual. `oauthbearer`: SASL OAUTHBEARER is asked for. `fifteen`: PostgreSQL 15 is behind it. */
export type DoorKind = "password" | "oauthbearer" | "fifteen";

/** What a program finds in its environment. */
export type Facts = Readonly<Record<string, string>>;

const ROLE = "analyst";
const DATABASE = "shop";
/** The role's password at the server, which no client ever sees. */
const UPSTREAM_PASSWORD = "only-the-gateway-knows";
const ISSUER = "https://issuer.example";

const CREATE_ROLE = `CREATE ROLE ${ROLE} LOGIN PASSWORD '${UPSTREAM_PASSWORD}';`;
const CREATE_DATABASE = `CREATE DATABASE ${DATABASE} OWNER ${ROLE};`;

interface Upstream {
  readonly host: string;
  readonly port: number;
  readonly tls: Readonly<Record<string, string>>;
}

/** Starts what is asked for, each thing once, and stops all of it. */
export class Doors {
  readonly #directory = mkdtempSync(join(tmpdir(), "postern-interop-"));
  readonly #stops: (() => Promise<unknown>)[] = [];
  readonly #doors = new Map<DoorKind, Promise<Facts>>();
  readonly #tokens = mintTokens();
  readonly #certificates = makeCertificates(this.#directory);
  #eighteen: Promise<Upstream> | undefined;

  /** The facts of a door, which is opened when it is asked for the first time. */
  facts(kind: DoorKind): Promise<Facts> {
    const facts = this.#doors.get(kind) ?? this.#open(kind);
    this.#doors.set(kind, facts);
    return facts;
  }

  /** Stops everything, in the reverse order. */
  async close(): Promise<void> {
    for (const stop of this.#stops.reverse()) await stop();
    rmSync(this.#directory, { recursive: true });
  }

  async #open(kind: DoorKind): Promise<Facts> {
    const [tokens, certificates] = await Promise.all([this.#tokens, this.#certificates]);
    const upstream = await (kind === "fifteen" ? this.#startFifteen() : this.#startEighteen());
    const gateway = await startGateway({
      doors: {
        postgres: {
          port: 0,
          tls: { certFile: certificates.certFile, keyFile: certificates.keyFile },
          authentication: kind === "oauthbearer" ? "oauthbearer" : "password",
          oauth: { openidConfiguration: `${ISSUER}/.well-known/openid-configuration`, scope: "database" },
        },
      },
      issuers: [
        { name: "interop", issuer: ISSUER, algorithms: ["ES256"], keys: { pem: [tokens.publicKey] } },
      ],
      clusters: [
        {
          name: "interop",
          hosts: [{ host: upstream.host, port: upstream.port }],
          tls: upstream.tls,
          login: { method: "shared-password", password: UPSTREAM_PASSWORD },
        },
      ],
    });
    this.#stops.push(() => gateway.stop());
    return {
      PGHOST: "localhost",
      PGPORT: String(gateway.port),
      PGDATABASE: DATABASE,
      PGUSER: ROLE,
      PGPASSWORD: tokens.good,
      PGSSLROOTCERT: certificates.caFile,
      OTHER_CA: certificates.otherCaFile,
      WRONG_TOKEN: tokens.wrong,
      EXPIRED_TOKEN: tokens.expired,
      OAUTH_ISSUER: ISSUER,
    };
  }

  #startEighteen(): Promise<Upstream> {
    this.#eighteen ??= startPostgres({ sql: CREATE_ROLE }).then(async (server) => {
      this.#stops.push(() => server.stop());
      await server.query(CREATE_DATABASE);
      return { host: "127.0.0.1", port: server.port, tls: { mode: "verify-full", caFile: server.caFile } };
    });
    return this.#eighteen;
  }

  async #startFifteen(): Promise<Upstream> {
    const server = await startDebianPostgres(`${CREATE_ROLE}\n\n${CREATE_DATABASE}`);
    this.#stops.push(() => server.stop());
    return { host: "127.0.0.1", port: server.port, tls: { mode: "disable" } };
  }
}

/** A token that is good, one that was, and one that somebody else signed. */
async function mintTokens() {
  const [ours, theirs] = [await generateKeyPair("ES256"), await generateKeyPair("ES256")];
  const mint = (key: CryptoKey, until: string) =>
    new SignJWT({})
      .setProtectedHeader({ alg: "ES256", typ: "JWT" })
      .setIssuer(ISSUER)
      .setSubject(ROLE)
      .setIssuedAt("2 h ago")
      .setExpirationTime(until)
      .sign(key);
  return {
    publicKey: await exportSPKI(ours.publicKey),
    good: await mint(ours.privateKey, "1 h from now"),
    wrong: await mint(theirs.privateKey, "1 h from now"),
    expired: await mint(ours.privateKey, "1 h ago"),
  };
}

async function makeCertificates(directory: string) {
  const [authority, other] = await Promise.all([createAuthority(), createAuthority("Another CA")]);
  const server = await authority.server(["localhost", "127.0.0.1"]);
  const write = (name: string, text: string) => {
    writeFileSync(join(directory, name), text, { mode: 0o600 });
    return join(directory, name);
  };
  return {
    caFile: write("ca.crt", authority.cert),
    otherCaFile: write("other-ca.crt", other.cert),
    certFile: write("server.crt", server.cert),
    keyFile: write("server.key", server.key),
  };
}
