import type { Clock } from "../../base/clock.ts";
import type { Answers, Question } from "./messages.ts";

/**
 * How long an answer may take. A cancel waits for the server to be told, which takes a connection to it; a reload loads
 * keys first, which may wait for a slow URL. How a worker is, it knows; one that does not say must not hold up a probe. A
 * large catalog takes seconds to write.
 */
const ANSWER_MS: Readonly<Record<Question["what"], number>> = {
  cancel: 15_000,
  status: 2000,
  catalog: 15_000,
  reload: 60_000,
};

type QuestionOf<What extends Question["what"]> = Extract<Question, { readonly what: What }>;

/** Questions to another process, each waiting for its answer. */
export class Asks {
  readonly #clock: Clock;
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #last = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Asks through `send`. Undefined when no answer came in time or the other process is gone. */
  ask<What extends Question["what"]>(
    question: QuestionOf<What>,
    send: (id: number, question: QuestionOf<What>) => void,
  ): Promise<Answers[What] | undefined> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve) => {
      const callOff = this.#clock.after(ANSWER_MS[question.what], () => this.settle(id, undefined));
      this.#waiting.set(id, (answer) => {
        callOff();
        resolve(answer as Answers[What] | undefined); // the other side answers what was asked under this id
      });
      send(id, question);
    });
  }

  /** Takes an answer. One that nobody waits for any more is dropped. */
  settle(id: number, answer: unknown): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    waiting?.(answer);
  }

  /** The other process is gone: nothing more will be answered. */
  abandon(): void {
    for (const id of [...this.#waiting.keys()]) this.settle(id, undefined);
  }
}
