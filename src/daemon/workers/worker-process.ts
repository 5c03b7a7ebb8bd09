import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { extname, join } from "node:path";
import { systemClock } from "../../base/clock.ts";
import type { Addresses } from "../doors.ts";
import { Asks } from "./asks.ts";
import type { Answers, Order, Question, Report } from "./messages.ts";

/** The worker's entry point, in the same form (TypeScript or built) as this file. */
const ENTRY = join(import.meta.dirname, `worker${extname(import.meta.filename)}`);

/** What a worker says beside answers and how its start went. */
export type Talk = Extract<Report, { readonly kind: "ask" | "failed-login" | "asked" | "sessions" }>;

/** A worker process, seen by its supervisor. */
export class WorkerProcess {
  readonly pid: number;
  /** Resolves when its door is open; rejects when that failed. */
  readonly opened: Promise<Addresses>;
  /** Resolves when it is gone, with its exit code or the signal that killed it. */
  readonly gone: Promise<string>;
  readonly #child: ChildProcess;
  readonly #asks = new Asks(systemClock);

  constructor(start: Extract<Order, { kind: "start" }>, onTalk: (talk: Talk) => void) {
    const child = fork(ENTRY, [], { stdio: ["ignore", "inherit", "inherit", "ipc"] });
    this.#child = child;
    this.pid = child.pid ?? 0;
    this.gone = new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
      child.once("error", (error) => child.pid === undefined && resolve(error.message));
    });
    this.opened = new Promise((resolve, reject) => {
      child.on("message", (report: Report) => {
        if (report.kind === "opened") resolve(report.addresses);
        else if (report.kind === "failed") reject(new Error(report.detail));
        else if (report.kind === "answer") this.#asks.settle(report.id, report.answer);
        else onTalk(report);
      });
      void this.gone.then((how) =>
        reject(new Error(`a worker process ended before its door was open: ${how}`)),
      );
    });
    this.opened.catch(() => {}); // whoever waits for it hears of it; a failure after that is told by `gone`
    void this.gone.then(() => this.#asks.abandon());
    this.tell(start);
  }

  tell(order: Order): void {
    // The channel may be closing; then `gone` tells the rest.
    if (this.#child.connected) this.#child.send(order, () => {});
  }

  /** Undefined when it does not answer. */
  ask<What extends Question["what"]>(
    question: Extract<Question, { readonly what: What }>,
  ): Promise<Answers[What] | undefined> {
    return this.#asks.ask(question, (id) => this.tell({ kind: "ask", id, question }));
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }
}
