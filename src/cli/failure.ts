/** 1: it did not work. 2: it was asked for wrongly. */
export type ExitCode = 1 | 2;

/** Something that the user is told on standard error, a line for each message: what is wrong; what to do next. */
export class Failure extends Error {
  readonly exitCode: ExitCode;
  readonly messages: readonly string[];

  constructor(messages: string | readonly string[], exitCode: ExitCode = 1, options?: ErrorOptions) {
    const lines = typeof messages === "string" ? [messages] : messages;
    super(lines.join("\n"), options);
    this.name = "Failure";
    this.messages = lines;
    this.exitCode = exitCode;
  }
}

/** A command that was written wrongly. */
export function misuse(message: string): Failure {
  return new Failure(message, 2);
}
