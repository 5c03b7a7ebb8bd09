import { isOpen } from "../../src/grants/machine.ts";
import type { AccessRequest, Person } from "../../src/grants/request.ts";
import { isSame } from "../../src/grants/request.ts";
import type {
  Consumption,
  GrantTable,
  RequestFilter,
  Ruling,
  Submission,
  Told,
} from "../../src/grants/table.ts";
import type { VirtualClock } from "./clock.ts";

/** Requests in memory, one step after the other: what the rules are tried out on in thousands of steps. */
export class MemoryGrants implements GrantTable {
  readonly requests = new Map<string, AccessRequest>();
  readonly #sessions = new Map<string, string>();
  readonly #clock: VirtualClock;
  /** How far this clock is ahead of the node's. */
  ahead = 0;
  reachable = true;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get #now(): number {
    if (!this.reachable) throw new Error("the store is out of reach");
    return this.#clock.now() + this.ahead;
  }

  async insert(
    requester: Pick<Person, "issuer" | "subject">,
    decide: (open: readonly AccessRequest[], now: number) => Told<Submission>,
  ): Promise<Told<Submission>> {
    const own = this.#all().filter(
      (request) => isSame(request.requester, requester) && isOpen(request.state),
    );
    const submission = decide(own, this.#now);
    if (submission.kind === "new") this.requests.set(submission.request.id, submission.request);
    return submission;
  }

  async update(
    id: string,
    decide: (request: AccessRequest, now: number) => Told<Ruling>,
  ): Promise<Told<Ruling> | undefined> {
    const now = this.#now;
    const request = this.requests.get(id);
    if (request === undefined) return undefined;
    const ruling = decide(request, now);
    this.requests.set(id, ruling.request);
    return ruling;
  }

  async consume(
    id: string,
    session: string,
    tell: Parameters<GrantTable["consume"]>[2] = () => [],
  ): Promise<Consumption> {
    const now = this.#now;
    const request = this.requests.get(id);
    const { state, grant, maxUses, uses = 0 } = request ?? {};
    const again = this.#sessions.get(id) === session;
    const usable = state === "active" || (state === "spent" && again);
    if (request === undefined || !usable || grant === undefined || now >= grant.until)
      return { kind: "refused", request, now };
    if (again) return { kind: "consumed", request, spent: false };
    const spent = maxUses !== undefined && uses + 1 >= maxUses;
    const used = { ...request, uses: uses + 1, state: spent ? ("spent" as const) : request.state };
    this.#sessions.set(id, session);
    this.requests.set(id, used);
    tell(used, spent);
    return { kind: "consumed", request: used, spent };
  }

  async get(id: string): Promise<AccessRequest | undefined> {
    return this.#now > 0 ? this.requests.get(id) : undefined;
  }

  async list({
    requester,
    offer,
    states,
    way,
    unreviewed,
  }: RequestFilter): Promise<readonly AccessRequest[]> {
    return this.#all()
      .filter(
        (request) =>
          (requester === undefined || isSame(request.requester, requester)) &&
          (offer === undefined ||
            (offer.name === request.offer.name && offer.namespace === request.offer.namespace)) &&
          (states === undefined || states.includes(request.state)) &&
          (way === undefined || way === request.way) &&
          (unreviewed !== true || (request.reviewNeeded && request.review === undefined)),
      )
      .reverse();
  }

  async open() {
    return { now: this.#now, requests: this.#all().filter(({ state }) => isOpen(state)) };
  }

  #all(): AccessRequest[] {
    return [...this.requests.values()];
  }
}
