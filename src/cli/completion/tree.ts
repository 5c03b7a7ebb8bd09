import type { Command, Option } from "commander";

/** What a word after an option may be. */
export type Values =
  | { readonly kind: "files" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "none" };

export interface CompletedOption {
  /** `--config`, `-c`. */
  readonly flags: readonly string[];
  readonly about: string;
  readonly takesValue: boolean;
  readonly values: Values;
}

/** One place in the command tree: what can follow there. */
export interface Place {
  /** `keys new`; empty at the top. */
  readonly path: string;
  readonly commands: readonly { readonly name: string; readonly about: string }[];
  readonly options: readonly CompletedOption[];
  /** What the arguments can be, where they have fixed values. */
  readonly words: readonly string[];
}

/** Every place of the tree, from the top. */
export function placesOf(command: Command, path = ""): readonly Place[] {
  const place: Place = {
    path,
    commands: command.commands.map((child) => ({ name: child.name(), about: child.description() })),
    options: [...command.options.map(completed), HELP],
    words: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
  };
  const below = command.commands.flatMap((child) =>
    placesOf(child, path === "" ? child.name() : `${path} ${child.name()}`),
  );
  return [place, ...below];
}

const HELP: CompletedOption = {
  flags: ["--help", "-h"],
  about: "display help for command",
  takesValue: false,
  values: { kind: "none" },
};

function completed(option: Option): CompletedOption {
  const flags = [option.long, option.short].filter((flag) => flag !== undefined && flag !== null);
  return {
    flags,
    about: option.description,
    takesValue: option.required || option.optional,
    values: valuesOf(option),
  };
}

function valuesOf({ argChoices, flags }: Option): Values {
  if (argChoices !== undefined) return { kind: "words", words: argChoices };
  return flags.includes("<file>") ? { kind: "files" } : { kind: "none" };
}
