/**
 * Proves identities by asking an API with the client's own credential. Permissions are given again for seconds without
 * asking; denials never are kept, so that what was just granted works at once.
 */
import { hash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { rhostOf } from "../../base/address.ts";
import type { Clock } from "../../base/clock.ts";
import { credentialKind } from "../../base/credential-kind.ts";
import { messageOf } from "../../base/error.ts";
import type { Secret } from "../../base/secret.ts";
import { noTrace, type Trace } from "../../base/trace.ts";
import type { DecideConfig } from "../../config/schema.ts";
import { boundedPost } from "../../outbound/bounded-request.ts";
import { type Proof, type ProvedIdentity, sealIdentity } from "../identity.ts";
import { inspectToken } from "../inspect.ts";
import type { Verified } from "../verifier.ts";
import { type RemoteGrant, readAnswer } from "./answer.ts";

export type RemoteSettings = DecideConfig<"remote">;

/** What is asked about somebody whose credential is at hand. */
export interface RemoteQuestion {
  readonly settings: RemoteSettings;
  readonly role: string;
  /** The client's address. */
  readonly address: string;
}

/** Longer than the tokens that identity providers issue, and short enough for a header. */
const MAX_CREDENTIAL_BYTES = 8192;
/** Enough for every login within a few seconds; an entry is a few hundred bytes. */
const MAX_REMEMBERED = 10_000;
/** Questions that wait for an answer. More at once means that the API is slow, and logins are better refused than queued. */
const MAX_WAITING = 256;

interface Remembered {
  readonly identity: ProvedIdentity;
  readonly until: number;
}

export class RemoteVerifier {
  readonly #clock: Clock;
  readonly #remembered = new Map<string, Remembered>();
  readonly #waiting = new Map<string, Promise<Verified>>();
  readonly #closing = new AbortController();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Asks who bears a credential and what it opens. Never throws for what a client or the API can send. */
  async verify(credential: Secret, question: RemoteQuestion, trace: Trace): Promise<Verified> {
    const verified = await this.#verify(credential, question, trace !== noTrace);
    const passed = verified.kind === "identity";
    const saw = passed ? `${question.settings.url} knows ${verified.identity.subject}` : verified.detail;
    trace({ check: "remote", passed, saw });
    return verified;
  }

  /** Whether what an API said still counts where it is asked by these settings. */
  trusts({ issuer, keyThumbprint, algorithm }: Proof, settings: RemoteSettings): boolean {
    const now = proofOf(settings);
    return issuer === now.issuer && keyThumbprint === now.keyThumbprint && algorithm === now.algorithm;
  }

  /** Forgets everything and calls off what is asked. */
  close(): void {
    this.#closing.abort();
    this.#remembered.clear();
  }

  async #verify(credential: Secret, question: RemoteQuestion, anew: boolean): Promise<Verified> {
    const text = credential.reveal();
    const end = endOfCredential(text);
    if (typeof end === "object") return end;
    const now = this.#clock.now();
    if (end !== undefined && end <= now)
      return refused("identity/expired", `expired at ${new Date(end).toISOString()}`);
    const key = keyOf(text, question);
    const known = anew ? undefined : this.#remembered.get(key);
    if (known !== undefined && now < known.until) return { kind: "identity", identity: known.identity };
    return this.#waiting.get(key) ?? this.#ask(key, text, end, question);
  }

  /** One question for all who have the same at the same time. */
  #ask(key: string, text: string, end: number | undefined, question: RemoteQuestion): Promise<Verified> {
    if (this.#waiting.size >= MAX_WAITING)
      return Promise.resolve(refused("identity/api-unavailable", `${MAX_WAITING} questions wait already`));
    const asked = this.#answer(key, text, end, question).finally(() => this.#waiting.delete(key));
    this.#waiting.set(key, asked);
    return asked;
  }

  async #answer(
    key: string,
    text: string,
    end: number | undefined,
    { settings, role, address }: RemoteQuestion,
  ): Promise<Verified> {
    const askedAt = this.#clock.now();
    try {
      const { url, timeout: timeoutMs, caFile, refusePrivateNetworks } = settings;
      // Read anew each time, since the file is rotated while we run.
      const ca = caFile === undefined ? undefined : await readFile(caFile, "utf8");
      const { signal } = this.#closing;
      const headers = { authorization: `Bearer ${text}` };
      const body = JSON.stringify({ role, rhost: rhostOf(address) });
      const options = { clock: this.#clock, ca, headers, refusePrivateNetworks, signal, timeoutMs };
      const answer = readAnswer(await boundedPost(new URL(url), body, options));
      if (answer.kind === "refused") return answer;
      const now = this.#clock.now();
      const grants = answer.grants.filter(({ until }) => until === undefined || until > now);
      const takenUntil = Math.min(askedAt + settings.cache, end ?? Number.POSITIVE_INFINITY, ...ends(grants));
      const identity = identityOf(settings, answer.userId, grants, { end, takenUntil });
      // An answer without the role is a denial, and denials are not kept.
      if (takenUntil > now && grants.some((grant) => grant.role === role))
        this.#remember(key, { identity, until: takenUntil });
      return { kind: "identity", identity };
    } catch (error) {
      return refused("identity/api-unavailable", `the API: ${messageOf(error)}`);
    }
  }

  /** Maps keep insertion order, so the first key is the oldest. */
  #remember(key: string, entry: Remembered): void {
    this.#remembered.delete(key);
    const oldest = this.#remembered.size >= MAX_REMEMBERED ? this.#remembered.keys().next() : undefined;
    if (oldest !== undefined && !oldest.done) this.#remembered.delete(oldest.value);
    this.#remembered.set(key, entry);
  }
}

/**
 * When a credential ends by itself, as far as it says so, or why it is none that an API is asked about: a password that
 * somebody mistyped is nobody else's business. The `exp` of a token is not proved here, and can only shorten.
 */
function endOfCredential(text: string): number | undefined | Extract<Verified, { kind: "refused" }> {
  if (text.length > MAX_CREDENTIAL_BYTES)
    return refused("identity/too-large", `longer than ${MAX_CREDENTIAL_BYTES} bytes`);
  switch (credentialKind(text)) {
    case "password":
      return refused("identity/malformed", "neither a signed nor a personal access token");
    case "personal-token":
      return undefined;
    default: {
      const content = inspectToken(text);
      return content.verified === "malformed" ? undefined : content.expiresAt;
    }
  }
}

/** The API and everything about the question; the credential is in it by its hash only. */
function keyOf(text: string, { settings, role, address }: RemoteQuestion): string {
  return hash("sha256", JSON.stringify([settings, text, role, address]), "base64");
}

function ends(grants: readonly RemoteGrant[]): number[] {
  return grants.flatMap(({ until }) => (until === undefined ? [] : [until]));
}

function proofOf({ url, issuer }: RemoteSettings): Proof {
  return {
    issuer: issuer ?? new URL(url).origin,
    keyThumbprint: hash("sha256", url, "base64url"),
    algorithm: "remote",
  };
}

/** What the API said, in the shape of claims: policy reads the roles there, and SQL may read the rest. */
function identityOf(
  settings: RemoteSettings,
  userId: string,
  grants: readonly RemoteGrant[],
  { end, takenUntil }: { readonly end: number | undefined; readonly takenUntil: number },
): ProvedIdentity {
  const proof = proofOf(settings);
  const roles = grants.map(({ role, until }) => ({ role, expires_at: until ?? null }));
  return sealIdentity({
    issuer: proof.issuer,
    subject: userId,
    username: userId,
    groups: [],
    claims: { iss: proof.issuer, sub: userId, user_roles: roles },
    expiresAt: end,
    takenUntil,
    proof,
  });
}

function refused(code: Extract<Verified, { kind: "refused" }>["code"], detail: string) {
  return { kind: "refused", code, detail } as const;
}
