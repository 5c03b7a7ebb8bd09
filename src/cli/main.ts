/**
 * The command line. Each command is one file; it reads its arguments, asks another room and prints the answer. Errors
 * are told on standard error, one line each: what is wrong; what to do next.
 */
import type { Command } from "commander";
import { CommanderError } from "commander";
import { messageOf } from "../base/error.ts";
import { printable } from "../config/errors.ts";
import { Failure } from "./failure.ts";
import { createProgram } from "./program.ts";
import { tell } from "./terminal.ts";

/** Commander throws instead of ending the process, and leaves it to us to say what is wrong. */
function quietly(command: Command): Command {
  command.exitOverride().configureOutput({ writeErr: () => {} });
  for (const child of command.commands) quietly(child);
  return command;
}

async function main(): Promise<number> {
  const program = quietly(createProgram());
  try {
    await program.parseAsync();
    return 0;
  } catch (error) {
    return report(error, program);
  }
}

/** Says what went wrong and gives the exit code. */
function report(error: unknown, program: Command): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0; // help and version were asked for
    tell(`${usageMessage(error)}; see "${whereIn(program)} --help"`);
    return 2;
  }
  for (const message of messagesOf(error)) tell(printable(message));
  if (process.env["POSTERN_DEBUG"] !== undefined && error instanceof Error) console.error(error);
  return error instanceof Failure ? error.exitCode : 1;
}

function messagesOf(error: unknown): readonly string[] {
  if (error instanceof Failure) return error.messages;
  if (error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError)
    return [`${messageOf(error)}; this is a fault in Postern: POSTERN_DEBUG=1 shows where it is`];
  return messageOf(error).split("\n");
}

function usageMessage({ code, message }: CommanderError): string {
  // Commander shows the help of a command that only has commands of its own.
  if (code === "commander.help") return "no command was given";
  return printable(message.replace(/^error: /, "").replaceAll(/\s*\n\s*/g, " ")).replace(/\.$/, "");
}

/** The command that the arguments lead to, as it is called. */
function whereIn(program: Command): string {
  const names = [program.name()];
  let command: Command | undefined = program;
  for (const word of process.argv.slice(2)) {
    command = command?.commands.find((child) => child.name() === word);
    if (command === undefined) break;
    names.push(word);
  }
  return names.join(" ");
}

// A reader that has seen enough (`postern … | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));

process.exitCode = await main();
