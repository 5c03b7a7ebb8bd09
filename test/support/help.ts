import type { Command } from "commander";

/** A command of the tree, as it is called. */
export interface Called {
  readonly path: string;
  /** Whether it asks a running Postern. */
  readonly asks: boolean;
}

/** Every command of the tree. */
export function commandsOf(command: Command, path = "postern"): readonly Called[] {
  const asks = command.options.some(({ long }) => long === "--server");
  return [
    { path, asks },
    ...command.commands.flatMap((child) => commandsOf(child, `${path} ${child.name()}`)),
  ];
}

/** The lines of a help text that are there to be copied. */
export function examplesIn(help: string): readonly string[] {
  return [...help.matchAll(/^ {2}\$ (.+)$/gm)].map((match) => match[1] ?? "");
}
