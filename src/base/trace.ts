/** One check of a decision, as `postern explain` shows it. */
export interface Step {
  /** What was checked, as a short noun: `signature`, `expiry`, `role`. */
  readonly check: string;
  readonly passed: boolean;
  /** What the check saw and why it passed or failed, in words; never a secret. */
  readonly saw: string;
}

/** Collects the working of a decision. Nothing written to it decides anything. */
export type Trace = (step: Step) => void;

/** The trace of a decision that nobody asked to be explained. */
export const noTrace: Trace = () => {};
