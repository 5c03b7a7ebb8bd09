/**
 * The shape of everything that can go wrong because of input from outside. Each room lists its own codes in its
 * `errors.ts`; docs/errors.md explains every one of them, and a test keeps the two alike.
 */

/** What the world may learn of an error. Every text is fixed: nothing from the input gets into it. */
export interface ErrorSpec {
  /** Five characters, from the PostgreSQL appendix "PostgreSQL Error Codes". */
  readonly sqlstate: string;
  /** RFC 9110 status. */
  readonly http: number;
  /** One sentence that a client may see: short, true and safe. */
  readonly publicMessage: string;
}

/** A coded error. `message` is for the log and may say exactly what happened; never a secret. */
export abstract class PosternError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly spec: ErrorSpec;

  constructor(code: Code, spec: ErrorSpec, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = new.target.name;
    this.code = code;
    this.spec = spec;
  }
}

/** The `message` of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
