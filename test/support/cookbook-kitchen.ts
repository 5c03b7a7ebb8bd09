/** Recipes of the cookbook, cooked by the rooms that decide: policy, naming, and access requests on a clock turned by hand. */
import { GrantRights } from "../../src/access/grant-rights.ts";
import { Naming } from "../../src/access/naming.ts";
import { KINDS } from "../../src/access/object-kinds.ts";
import { permits } from "../../src/access/permits.ts";
import { PolicyInForce } from "../../src/access/policy-in-force.ts";
import type { Entry } from "../../src/access/written-object.ts";
import { readObject } from "../../src/access/written-object.ts";
import type { DatabaseName, RoleName } from "../../src/base/ids.ts";
import { liesIn } from "../../src/base/networks.ts";
import type { ClusterConfig, Config } from "../../src/config/schema.ts";
import { Grants } from "../../src/grants/grants.ts";
import type { Actor } from "../../src/grants/request.ts";
import { decide } from "../../src/policy/decide.ts";
import type { Bearer, Decision, PlacedWish } from "../../src/policy/decision.ts";
import { mayWriteBinding, mayWriteRole } from "../../src/policy/rbac/escalation.ts";
import { VirtualClock } from "./clock.ts";
import type { Act, AskedRight, CookbookStep, Recipe } from "./cookbook.ts";
import { NAMESPACE } from "./cookbook.ts";
import { MemoryGrants } from "./grant-table.ts";

const MINUTE = 60_000;
/** Where people are when a row does not say it. */
const ELSEWHERE = "192.0.2.1";

type Login = Extract<Act, { kind: "login" }>;
type Asked = Pick<Login, "cluster" | "database">;

/** One recipe, from its objects on; its steps are taken one after the other. */
export class Kitchen {
  readonly #clock = new VirtualClock();
  readonly #recipe: Recipe;
  readonly #config: Config;
  readonly #naming: Naming;
  readonly #grants: Grants;
  #policy: PolicyInForce;
  #request = "";

  constructor(recipe: Recipe, config: Config) {
    this.#recipe = recipe;
    this.#config = config;
    this.#naming = new Naming(config.issuers);
    const nobody = { has: () => false };
    const law = new GrantRights(() => ({ policy: this.#policy, naming: this.#naming }), this.#clock, nobody);
    const table = new MemoryGrants(this.#clock);
    const parts = { table, clock: this.#clock, report: () => {} };
    this.#grants = new Grants({ ...parts, offers: law, rights: law });
    this.#policy = this.#policyOf(recipe.objects.map(entryOf));
  }

  /** What comes of a step, in the words of the page. */
  async take({ who, groups, act }: Pick<CookbookStep, "who" | "groups" | "act">): Promise<string> {
    const actor = this.#actorOf(who, groups);
    switch (act.kind) {
      case "login":
        return this.#login(actor, act);
      case "http":
        return said(this.#decide(actor, act, { role: act.role, door: "rest", from: ELSEWHERE }));
      case "ask":
        return this.#ask(actor, act);
      case "answer":
        return this.#answer(actor, act.verb);
      case "apply":
        return this.#apply(actor, act.key);
      case "may":
        return this.#may(actor, act.asked) ? "yes" : "no";
      case "who-can":
        return this.#may(actor, { verb: "list", resource: "rolebindings", apiGroup: RBAC }) ? "yes" : "no";
      case "make-token":
        return this.#may(actor, { verb: "create", resource: "personaltokens", apiGroup: "postern.dev" })
          ? "created"
          : "control/forbidden";
      case "wait":
        this.#clock.advance(act.ms);
        await this.#grants.refresh();
        return "";
      default:
        return act satisfies never;
    }
  }

  #policyOf(entries: readonly Entry[]): PolicyInForce {
    return new PolicyInForce(entries, undefined, this.#grants);
  }

  #actorOf(who: string, groups: readonly string[]): Actor {
    const name = who.startsWith("repo:")
      ? "github"
      : who.startsWith("system:serviceaccount:")
        ? "kubernetes"
        : "corp";
    const issuer = this.#config.issuers.find((one) => one.name === name)?.issuer ?? name;
    return { issuer, subject: who, username: who, groups, address: ELSEWHERE };
  }

  #login(actor: Actor, { withToken, from = ELSEWHERE, ...asked }: Login): string {
    const token = withToken ? this.#recipe.token : undefined;
    const cidrs = token?.["cidrs"] as readonly string[] | undefined;
    if (cidrs !== undefined && !liesIn(from, cidrs)) return "no";
    const onlyRoles = token?.["roles"] as readonly string[] | undefined;
    const decision = this.#decide(actor, asked, { role: asked.role, door: "postgres", from, onlyRoles });
    return decision.kind === "permit" ? "yes" : "no";
  }

  #decide(
    actor: Actor,
    { cluster: name, database }: Asked,
    how: {
      readonly role: string | undefined;
      readonly door: "postgres" | "rest";
      readonly from: string;
      readonly onlyRoles?: readonly string[] | undefined;
    },
  ): Decision {
    const cluster = this.#config.clusters.find((one) => one.name === name);
    if (cluster === undefined) throw new Error(`the page has no cluster ${name}`);
    const bearer: Bearer = {
      ...actor,
      claims: { sub: actor.subject, groups: actor.groups },
      proof: { issuer: actor.issuer },
      onlyRoles: how.onlyRoles,
    };
    const context = () => ({
      policy: this.#policy.sure,
      user: this.#naming.userOf(actor),
      now: this.#clock.now(),
    });
    return decide(bearer, wishOf(cluster, database, how), () => {}, context);
  }

  async #ask(actor: Actor, { offer: name, breakGlass }: Extract<Act, { kind: "ask" }>): Promise<string> {
    const offer = { namespace: NAMESPACE, name };
    const ask = { offer, duration: 30 * MINUTE, reason: "ticket 4711", breakGlass, extends: undefined };
    const outcome = await this.#grants.request(actor, ask);
    if (outcome.kind === "refused") return outcome.code;
    this.#request = outcome.request.id;
    return outcome.request.state;
  }

  async #answer(actor: Actor, verb: "approve" | "revoke" | "review"): Promise<string> {
    const steps = {
      approve: () => this.#grants.approve(actor, this.#request),
      revoke: () => this.#grants.revoke(actor, this.#request),
      review: () => this.#grants.review(actor, this.#request, "it was needed"),
    };
    const outcome = await steps[verb]();
    if (outcome.kind === "refused") return outcome.code;
    return verb === "review" && outcome.request.review !== undefined ? "reviewed" : outcome.request.state;
  }

  #apply(actor: Actor, key: string): string {
    const entry = entryOf(this.#recipe.attempts.get(key));
    const { object } = entry;
    const resource = Object.values(KINDS).find(({ kind }) => kind === object.kind)?.resource ?? "";
    const { namespace } = object.metadata as { readonly namespace?: string };
    const place = namespace === undefined ? {} : { namespace };
    if (!this.#may(actor, { verb: "create", resource, apiGroup: RBAC, ...place })) return "control/forbidden";
    if (object.kind === "AccessOffer") throw new Error("no recipe lets an offer be applied");
    const [policy, user, now] = [this.#policy.sure, this.#naming.userOf(actor), this.#clock.now()];
    const permission =
      object.kind === "Role" || object.kind === "ClusterRole"
        ? mayWriteRole(policy, user, { role: object, before: undefined }, now)
        : mayWriteBinding(policy, user, { binding: object, before: undefined, until: undefined }, now);
    if (permission.kind === "may-not") return permission.code;
    this.#policy = this.#policyOf([...this.#policy.entries(), entry]);
    return "created";
  }

  #may(actor: Actor, act: AskedRight): boolean {
    const [user, now] = [this.#naming.userOf(actor), this.#clock.now()];
    return permits({ policy: this.#policy, user, act, address: actor.address, now });
  }
}

const RBAC = "rbac.authorization.k8s.io";

function wishOf(
  cluster: ClusterConfig,
  database: string,
  { role, door, from }: { readonly role: string | undefined; readonly door: string; readonly from: string },
): PlacedWish {
  const wish = {
    cluster,
    database: database as DatabaseName,
    role: role as RoleName | undefined,
    door,
    peer: { address: from, port: 1, tls: true },
    replication: false,
  };
  return wish as PlacedWish; // both doors' wishes have this shape
}

function entryOf(written: Recipe["objects"][number] | undefined): Entry {
  const read = readObject(written);
  if (read.kind === "faults") throw new Error(`${JSON.stringify(written)}: ${JSON.stringify(read.faults)}`);
  return { object: read.object, written: written ?? {}, resourceVersion: undefined };
}

/** The role that a request has, or why it has none. */
function said(decision: Decision): string {
  return decision.kind === "permit" ? decision.role : decision.code;
}
