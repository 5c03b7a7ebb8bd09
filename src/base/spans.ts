/** What is known of a step; never a secret. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

/** Shows how long the steps of a login took. Nothing that is traced decides anything. */
export interface Spans {
  /**
   * Runs `work` as one step; steps within it are its children. One that rejects is marked as failed.
   * @param work is given the function that notes what becomes known on the way
   */
  step<T>(name: string, work: (note: (attributes: SpanAttributes) => void) => Promise<T>): Promise<T>;
}

const forget = () => {};

/** Nobody looks. */
export const noSpans: Spans = { step: (_name, work) => work(forget) };
