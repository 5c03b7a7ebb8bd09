/**
 * One worker process: a whole Postern behind a port that it shares with others. It is started by the supervisor, does
 * what the supervisor says, and ends with it. Signals are the supervisor's business: a terminal sends Ctrl-C to all
 * processes of the group, and a service manager may do the same.
 */
import { systemClock } from "../../base/clock.ts";
import { messageOf } from "../../base/error.ts";
import type { Observe } from "../../base/event.ts";
import { unpackConfig } from "../../config/transfer.ts";
import type { DoorRequest } from "../../doors/rest/door.ts";
import { Census } from "../../sessions/census.ts";
import { Daemon } from "../daemon.ts";
import type { Fellows } from "../fellows.ts";
import { Observation } from "../observation.ts";
import { Asks } from "./asks.ts";
import type { Answers, CancelQuestion, Order, Question, Report } from "./messages.ts";
import { shareOf } from "./share.ts";

type StartOrder = Extract<Order, { kind: "start" }>;

function report(message: Report, then: () => void = () => {}): void {
  if (process.connected) process.send?.(message, undefined, {}, then);
  else then();
}

class Worker {
  readonly #asks = new Asks(systemClock);
  readonly #census = new Census();
  readonly #hurry = new AbortController();
  readonly #workers: number;
  readonly #observation: Observation;
  readonly #started: Promise<Daemon | undefined>;
  #daemon: Daemon | undefined;
  #stopping = false;

  constructor({ config: packed, worker, workers, census }: StartOrder) {
    const config = unpackConfig(packed);
    this.#workers = workers;
    for (const count of census) this.#census.take(count);
    this.#observation = new Observation(config.log, { worker }, () => this.#daemon?.readings);
    this.#started = this.#start(shareOf(config, workers), worker);
  }

  async #start(config: ReturnType<typeof shareOf>, worker: number): Promise<Daemon | undefined> {
    // The supervisor says that the door is open, once it is open in all workers.
    const observe: Observe = (event) => {
      if (event.event !== "door.opened.v1" || this.#daemon !== undefined) this.#observation.observe(event);
    };
    try {
      await this.#observation.openLedger(config, worker);
      const { recorder } = this.#observation;
      const ask = (request: DoorRequest) => report({ kind: "asked", request });
      const fellows = this.#fellows();
      const options = { clock: systemClock, observe, ask, reusePort: true, fellows, recorder };
      this.#daemon = await Daemon.start(config, options);
      report({ kind: "opened", addresses: this.#daemon.addresses });
    } catch (error) {
      report({ kind: "failed", detail: messageOf(error) }, () => process.exit(1));
    }
    return this.#daemon;
  }

  take(order: Exclude<Order, StartOrder>): void {
    switch (order.kind) {
      case "ask":
        void this.#answer(order.question).then((answer) => report({ kind: "answer", id: order.id, answer }));
        return;
      case "answer":
        this.#asks.settle(order.id, order.answer);
        return;
      case "failed-login":
        this.#daemon?.loginFailedElsewhere(order.address);
        return;
      case "sessions":
        this.#census.take(order.count);
        return;
      case "gone":
        this.#census.forget(order.worker);
        return;
      case "reload-catalog":
        this.#daemon?.reloadCatalog();
        return;
      case "drain":
        void this.stop();
        return;
      case "hurry":
        this.#hurry.abort();
        return;
      default:
        order satisfies never;
    }
  }

  /** Drains, and ends the process. */
  async stop(): Promise<void> {
    if (this.#stopping) return;
    this.#stopping = true;
    const daemon = await this.#started;
    await daemon?.stop(this.#hurry.signal);
    await this.#observation.close();
    // What was said last is still on its way to clients; the process ends when they have it.
    if (process.connected) process.disconnect?.();
  }

  async #answer(question: Question): Promise<Answers[Question["what"]]> {
    switch (question.what) {
      case "cancel":
        return this.#cancel(question);
      case "status":
        return {
          readiness: this.#daemon?.readiness ?? { ready: false, checks: [] },
          metrics: await this.#observation.metrics.json(),
        };
      case "catalog":
        return (await this.#daemon?.catalogText()) ?? null;
      case "reload":
        return this.#reload(question.config);
      default:
        return question satisfies never;
    }
  }

  /** Resolves when the server was told. */
  async #cancel({ processId, key }: CancelQuestion): Promise<boolean> {
    const told = this.#daemon?.cancel(processId, Buffer.from(key, "base64"));
    await told;
    return told !== undefined;
  }

  async #reload(packed: StartOrder["config"]): Promise<string | null> {
    const config = unpackConfig(packed);
    try {
      await (await this.#started)?.reload(shareOf(config, this.#workers));
    } catch (error) {
      return messageOf(error);
    }
    this.#observation.relog(config.log);
    return null;
  }

  #fellows(): Fellows {
    return {
      cancel: async (processId, key) => {
        const question = { what: "cancel", processId, key: Buffer.from(key).toString("base64") } as const;
        return (await this.#asks.ask(question, (id) => report({ kind: "ask", id, question }))) ?? false;
      },
      sessionsOf: (subject) => this.#census.of(subject),
      sessionsAre: (subject, sessions) => report({ kind: "sessions", subject, sessions }),
      loginFailed: (address) => report({ kind: "failed-login", address }),
    };
  }
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => {});

let worker: Worker | undefined;
process.on("message", (order: Order) => {
  if (order.kind === "start") worker = new Worker(order);
  else worker?.take(order);
});
// Without a supervisor nobody could reload, drain or restart it.
process.on("disconnect", () => (worker === undefined ? process.exit(1) : void worker.stop()));
