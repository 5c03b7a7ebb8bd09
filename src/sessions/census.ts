import type { SubjectId } from "../base/ids.ts";

/** How many sessions an identity has in one process. */
export interface Count {
  readonly worker: number;
  readonly subject: SubjectId;
  readonly sessions: number;
}

/** Sessions per identity in several processes, as each of them last reported. */
export class Census {
  readonly #counts = new Map<SubjectId, Map<number, number>>();

  take({ worker, subject, sessions }: Count): void {
    const counts = this.#counts.get(subject) ?? new Map<number, number>();
    if (sessions > 0) counts.set(worker, sessions);
    else counts.delete(worker);
    if (counts.size > 0) this.#counts.set(subject, counts);
    else this.#counts.delete(subject);
  }

  /** A process is gone, and its sessions with it. */
  forget(worker: number): void {
    for (const { subject } of this.list().filter((count) => count.worker === worker))
      this.take({ worker, subject, sessions: 0 });
  }

  /** Sessions of one identity in all of them, or in all but one. */
  of(subject: SubjectId, but?: number): number {
    const counts = [...(this.#counts.get(subject) ?? [])];
    return counts.reduce((sum, [worker, count]) => (worker === but ? sum : sum + count), 0);
  }

  list(): Count[] {
    return [...this.#counts].flatMap(([subject, counts]) =>
      [...counts].map(([worker, sessions]) => ({ worker, subject, sessions })),
    );
  }
}
