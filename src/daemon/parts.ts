/**
 * The composition root: builds every room from a configuration and puts them together. The only place that knows them
 * all; it decides nothing itself.
 */
import { Access } from "../access/admit.ts";
import { Attempts } from "../access/attempts.ts";
import { Naming } from "../access/naming.ts";
import { Operators } from "../access/operators.ts";
import { PolicyInForce } from "../access/policy-in-force.ts";
import type { Entry } from "../access/written-object.ts";
import type { Keeper } from "../audit/ledger/outbox.ts";
import { openTelemetrySpans } from "../audit/spans.ts";
import type { Clock } from "../base/clock.ts";
import type { Observe } from "../base/event.ts";
import type { Spans } from "../base/spans.ts";
import { faultText } from "../config/errors.ts";
import type { Config, StoreConfig } from "../config/schema.ts";
import { TokenDesk } from "../identity/personal-tokens/desk.ts";
import { SharedSources } from "../identity/shared-sources.ts";
import { createVerifier } from "../identity/token-verifier.ts";
import type { Verifier } from "../identity/verifier.ts";
import { Sessions } from "../sessions/registry.ts";
import type { Upstream } from "../upstream/upstream.ts";
import { createUpstream } from "../upstream/upstream.ts";
import type { Fellows } from "./fellows.ts";
import { readPolicyFiles } from "./policy-files.ts";
import { SharedState } from "./shared-state.ts";

/** What lives as long as the process, across reloads. */
export interface Lasting {
  readonly clock: Clock;
  readonly observe: Observe;
  readonly sessions: Sessions;
  readonly attempts: Attempts;
  readonly keySources: SharedSources;
  readonly spans: Spans;
  /** The ledger; none when the configuration has none. */
  readonly recorder: Keeper | undefined;
  /** What the store holds; none when the configuration has none. */
  readonly shared: SharedState | undefined;
}

/** What is built anew from each configuration. */
export interface Parts {
  readonly config: Config;
  readonly verifier: Verifier;
  /** What is wrong with sources of keys that are new with this configuration and gave none. */
  readonly keyFaults: readonly string[];
  readonly access: Access;
  readonly policy: PolicyInForce;
  readonly naming: Naming;
  readonly operators: Operators;
  /** Where personal tokens are made; none without a store and a key. */
  readonly tokenDesk: TokenDesk | undefined;
  readonly upstream: Upstream;
}

interface LastingOptions extends Pick<Lasting, "clock" | "observe" | "recorder"> {
  readonly fellows: Fellows;
  readonly store: StoreConfig | undefined;
}

export function createLasting({ clock, observe, recorder, fellows, store }: LastingOptions): Lasting {
  const sessions = new Sessions(clock, fellows);
  return {
    shared: store && new SharedState(store, { clock, observe, sessions, keeper: recorder }),
    clock,
    observe,
    recorder,
    sessions,
    attempts: new Attempts(clock, (address) => fellows.loginFailed(address)),
    keySources: new SharedSources(),
    spans: openTelemetrySpans(),
  };
}

/**
 * Builds the rooms for `config` and loads keys; nothing listens yet.
 * @throws Error when a file of the policy cannot be used; it names every fault
 */
export async function createParts(config: Config, lasting: Lasting): Promise<Parts> {
  const { clock, observe, sessions, attempts, keySources, spans, recorder, shared } = lasting;
  const policy = new PolicyInForce(entriesOf(config), shared?.policy, shared?.grants);
  const { cachedTokens } = config.limits;
  const { personalTokens } = config;
  const verifier = createVerifier(config.issuers, {
    clock,
    observe,
    shared: keySources,
    cachedTokens,
    personalTokens: shared && personalTokens && { tokens: shared.tokens, ...personalTokens },
  });
  const keyFaults = await verifier.start();
  const naming = new Naming(config.issuers);
  const access = new Access({
    verifier,
    policy,
    naming,
    users: shared?.users,
    grants: shared?.grants,
    sessions,
    attempts,
    limits: config.limits,
    clock,
    observe,
    spans,
    recorder,
  });
  const operators = new Operators({
    verifier,
    policy,
    naming,
    users: shared?.users,
    administratorToken: config.admin?.token,
    attempts,
    limits: config.limits,
    clock,
    observe,
  });
  const upstream = createUpstream({ clusters: config.clusters, clock, observe });
  return {
    config,
    verifier,
    keyFaults,
    access,
    policy,
    naming,
    operators,
    tokenDesk: tokenDeskOf(config, lasting),
    upstream,
  };
}

function tokenDeskOf({ personalTokens }: Config, { shared, clock }: Lasting): TokenDesk | undefined {
  if (shared === undefined || personalTokens === undefined) return undefined;
  const { key, maxLifetime } = personalTokens;
  return new TokenDesk({ table: shared.personalTokens, key, clock, announce: shared.announce, maxLifetime });
}

function entriesOf({ policy }: Config): readonly Entry[] {
  const read = readPolicyFiles(policy.files);
  if (read.kind === "faults") throw new Error(read.faults.map(faultText).join("; "));
  return read.entries;
}

export function closeParts(parts: Parts): void {
  parts.verifier.close();
  parts.access.close();
  parts.upstream.close();
}
