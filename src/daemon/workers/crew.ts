import { aggregate, countersOf } from "../../audit/aggregate.ts";
import type { MetricsJson } from "../../audit/metrics.ts";
import { systemClock } from "../../base/clock.ts";
import type { Observe } from "../../base/event.ts";
import type { PackedConfig } from "../../config/transfer.ts";
import type { DoorRequest } from "../../doors/rest/door.ts";
import { Census } from "../../sessions/census.ts";
import type { Addresses } from "../doors.ts";
import type { Fellows } from "../fellows.ts";
import type { CancelQuestion, Order, Status } from "./messages.ts";
import { Slot } from "./slot.ts";
import type { Talk } from "./worker-process.ts";
import { WorkerProcess } from "./worker-process.ts";

interface CrewParts {
  readonly size: number;
  readonly observe: Observe;
  /** What a worker that starts now gets. */
  readonly config: () => PackedConfig;
  /** What a door of a worker asks for. */
  readonly ask: (request: DoorRequest) => void;
  /** Told each failed login that a worker saw. */
  readonly onLoginFailed: (address: string) => void;
}

/** What the supervisor's own sessions, which came by PAM, are counted under beside those of workers 1 to n. */
const SUPERVISOR = 0;

/** How a worker answered: `absent` is one that is being replaced, `silent` one that serves but does not answer. */
export type Answered =
  | { readonly kind: "status"; readonly status: Status }
  | { readonly kind: "absent" | "silent" };

/** All workers: keeps as many as there should be, and passes between them what they tell of themselves. */
export class Crew {
  readonly #parts: CrewParts;
  readonly #slots: readonly Slot[];
  readonly #census = new Census();
  /** The catalog of the first worker that has one: all of them read the same database. */
  async catalog(): Promise<string | undefined> {
    for (const { serving, process: asked } of this.#slots) {
      const catalog = serving ? await asked?.ask<"catalog">({ what: "catalog" }) : undefined;
      if (typeof catalog === "string") return catalog;
    }
    return undefined;
  }

  /** What processes have counted that are gone. */
  #past: Promise<MetricsJson> = Promise.resolve([]);
  #ending = false;

  constructor(parts: CrewParts) {
    this.#parts = parts;
    this.#slots = Array.from({ length: parts.size }, (_, index) => new Slot(index + 1));
  }

  /** The workers as the supervisor's own doors see them. */
  get fellows(): Fellows {
    return {
      cancel: async () => false, // it has no sessions that could be cancelled
      sessionsOf: (subject) => this.#census.of(subject, SUPERVISOR),
      sessionsAre: (subject, sessions) => {
        const count = { worker: SUPERVISOR, subject, sessions };
        this.#census.take(count);
        this.tell({ kind: "sessions", count });
      },
      loginFailed: (address) => this.tell({ kind: "failed-login", address }),
    };
  }

  /**
   * Starts all workers. Resolves when all serve, with the addresses of their doors.
   * @throws Error when one of them cannot; then all have ended
   */
  async start(): Promise<Addresses> {
    try {
      const [addresses] = await Promise.all(this.#slots.map((slot) => this.#spawn(slot)));
      for (const slot of this.#slots) this.#watch(slot);
      return addresses ?? {};
    } catch (error) {
      await this.kill();
      throw error;
    }
  }

  /** Starts a process in a slot. Resolves when it serves. */
  async #spawn(slot: Slot): Promise<Addresses> {
    const { worker } = slot;
    const started = new WorkerProcess(
      {
        kind: "start",
        config: this.#parts.config(),
        worker,
        workers: this.#slots.length,
        census: this.#census.list(),
      },
      (talk) => this.#hear(slot, talk),
    );
    slot.process = started;
    slot.startedAt = systemClock.now();
    const addresses = await started.opened;
    slot.serving = true;
    this.#parts.observe({ event: "worker.started.v1", worker, pid: started.pid });
    return addresses;
  }

  /** Puts another process in the slot when the one that is there ends. */
  #watch(slot: Slot): void {
    const { process: watched, worker } = slot;
    void watched?.gone.then((how) => {
      this.#bury(slot);
      if (this.#ending) return;
      const restartMs = slot.restartAfter(systemClock.now());
      this.#parts.observe({ event: "worker.died.v1", worker, pid: watched.pid, how, restartMs });
      systemClock.after(restartMs, () => this.#replace(slot));
    });
  }

  #replace(slot: Slot): void {
    if (this.#ending) return;
    // One that does not get as far as serving ends, and is replaced like one that did.
    this.#spawn(slot).catch(() => {});
    this.#watch(slot);
  }

  /** Forgets a process that is gone, but not what it has counted. */
  #bury(slot: Slot): void {
    const { worker, counted } = slot;
    slot.process = undefined;
    slot.serving = false;
    slot.counted = [];
    this.#past = this.#past.then(async (past) => (await aggregate([past, counted])).getMetricsAsJSON());
    this.#census.forget(worker);
    this.#tellOthers(slot, { kind: "gone", worker });
  }

  #hear(slot: Slot, talk: Talk): void {
    switch (talk.kind) {
      case "ask":
        void this.#cancelElsewhere(slot, talk.question).then((answer) =>
          slot.process?.tell({ kind: "answer", id: talk.id, answer }),
        );
        return;
      case "failed-login":
        this.#tellOthers(slot, talk);
        this.#parts.onLoginFailed(talk.address);
        return;
      case "asked":
        this.#parts.ask(talk.request);
        return;
      case "sessions": {
        const count = { worker: slot.worker, subject: talk.subject, sessions: talk.sessions };
        this.#census.take(count);
        this.#tellOthers(slot, { kind: "sessions", count });
        return;
      }
      default:
        talk satisfies never;
    }
  }

  async #cancelElsewhere(from: Slot, question: CancelQuestion): Promise<boolean> {
    const others = this.#slots.filter((slot) => slot !== from);
    const matched = await Promise.all(others.map((slot) => slot.process?.ask<"cancel">(question)));
    return matched.includes(true);
  }

  #tellOthers(from: Slot, order: Order): void {
    for (const slot of this.#slots) if (slot !== from) slot.process?.tell(order);
  }

  /** Tells all workers. */
  tell(order: Order): void {
    for (const slot of this.#slots) slot.process?.tell(order);
  }

  /** Has all workers take a configuration. Returns what is wrong with it, where it is not in force. */
  async reload(config: PackedConfig): Promise<readonly string[]> {
    const faults = await Promise.all(this.#slots.map((slot) => reloadOne(slot, config)));
    return [...new Set(faults.flat())];
  }

  /** Asks all workers how they are. */
  async status(): Promise<readonly Answered[]> {
    return Promise.all(
      this.#slots.map(async (slot) => {
        const asked = slot.serving ? slot.process : undefined;
        if (asked === undefined) return { kind: "absent" };
        const status = await asked.ask<"status">({ what: "status" });
        if (slot.process !== asked) return { kind: "absent" };
        if (status === undefined) return { kind: "silent" };
        slot.counted = countersOf(status.metrics);
        return { kind: "status", status };
      }),
    );
  }

  /** What processes have counted that are gone. What came after they were last asked is lost. */
  get past(): Promise<MetricsJson> {
    return this.#past;
  }

  /** Lets the workers drain. Resolves when all have ended; those that are still there after `patienceMs` are killed. */
  async drain(hurry: AbortSignal, patienceMs: number): Promise<void> {
    this.#ending = true;
    this.tell({ kind: "drain" });
    const onHurry = () => this.tell({ kind: "hurry" });
    if (hurry.aborted) onHurry();
    hurry.addEventListener("abort", onHurry);
    const callOff = systemClock.after(patienceMs, () => void this.kill());
    await this.#gone();
    callOff();
  }

  async kill(): Promise<void> {
    this.#ending = true;
    for (const slot of this.#slots) slot.process?.kill();
    await this.#gone();
  }

  async #gone(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => slot.process?.gone));
  }
}

/** A process that is gone, or that ends while it is asked, is replaced by one that gets the configuration at its start. */
async function reloadOne(slot: Slot, config: PackedConfig): Promise<string[]> {
  const asked = slot.process;
  const fault = await asked?.ask<"reload">({ what: "reload", config });
  if (asked === undefined || slot.process !== asked || fault === null) return [];
  return [fault ?? `worker ${slot.worker} did not answer`];
}
