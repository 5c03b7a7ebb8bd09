import type { Command } from "commander";
import type { CompletedOption, Place } from "./tree.ts";
import { placesOf } from "./tree.ts";

/**
 * Completion scripts, written out of the command tree. Each first finds the place in the tree by the words before the
 * cursor, then offers what can follow there. They start no process: completing is instant.
 */

/** bash: `source <(postern completion bash)`. */
export function bashScript(program: Command): string {
  const places = placesOf(program);
  return `# bash completion for postern
_postern() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} place="" i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$place \${COMP_WORDS[i]}" in
      ${steps(places, "place")}
    esac
  done
  case "$place $prev" in
${values(places, (words) => `COMPREPLY=($(compgen -W ${quote(words.join(" "))} -- "$cur")); return`, "return")}
  esac
  case "$place" in
${cases(places, (place) => `COMPREPLY=($(compgen -W ${quote(wordsAt(place).join(" "))} -- "$cur"))`)}
  esac
}
complete -o default -F _postern postern
`;
}

/** zsh: a file \`_postern\` in a directory of \`$fpath\`, or \`source <(postern completion zsh)\`. */
export function zshScript(program: Command): string {
  const places = placesOf(program);
  const described = (place: Place) =>
    [...place.commands.map(({ name, about }) => [name, about]), ...place.words.map((word) => [word, ""])]
      .map(([name = "", about = ""]) => quote(about === "" ? name : `${name}:${about}`))
      .join(" ");
  const offer = (place: Place) => {
    const lines = [`_arguments -s ${place.options.map(zshOption).join(" ")} '*:file:_files'`];
    const words = described(place);
    return words === ""
      ? (lines[0] ?? "")
      : `[[ $PREFIX == -* ]] && compadd -- ${flagsOf(place).join(" ")} || { local -a offered; offered=(${words}); _describe command offered; }`;
  };
  return `#compdef postern
_postern() {
  local place="" word
  for word in \${words[2,CURRENT-1]}; do
    case "$place $word" in
      ${steps(places, "place")}
    esac
  done
  case "$place" in
${cases(places, offer)}
  esac
}
if [[ $funcstack[1] == _postern ]]; then _postern "$@"; else compdef _postern postern; fi
`;
}

function zshOption({ flags, about, takesValue, values }: CompletedOption): string {
  const action =
    values.kind === "words"
      ? `:value:(${values.words.join(" ")})`
      : values.kind === "files"
        ? ":file:_files"
        : ":value: ";
  const text = about.replaceAll(/[[\]:]/g, " ");
  return flags.map((flag) => quote(`*${flag}[${text}]${takesValue ? action : ""}`)).join(" ");
}

/** fish: \`postern completion fish > ~/.config/fish/completions/postern.fish\`. */
export function fishScript(program: Command): string {
  const places = placesOf(program);
  const lines = places.flatMap((place) => {
    const here = `complete -c postern -n ${quote(`__postern_at ${quote(place.path)}`)}`;
    return [
      ...(place.commands.length + place.words.length > 0 ? [`${here} -f`] : []),
      ...place.commands.map(({ name, about }) => `${here} -a ${name} -d ${quote(about)}`),
      ...place.words.map((word) => `${here} -a ${word}`),
      ...place.options.map((option) => `${here} ${fishOption(option)}`),
    ];
  });
  return `# fish completion for postern
function __postern_at
  set -l place ""
  for word in (commandline -opc)[2..-1]
    switch "$place $word"
      ${places
        .filter(({ path }) => path !== "")
        .map(({ path }) => `case ${quote(parentAndName(path))}\n        set place ${quote(path)}`)
        .join("\n      ")}
    end
  end
  test "$place" = "$argv[1]"
end
${lines.join("\n")}
`;
}

function fishOption({ flags, about, takesValue, values }: CompletedOption): string {
  const named = flags
    .map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`))
    .join(" ");
  const value =
    values.kind === "words"
      ? ` -x -a ${quote(values.words.join(" "))}`
      : values.kind === "files"
        ? " -r -F"
        : " -x";
  return `${named}${takesValue ? value : ""} -d ${quote(about)}`;
}

/** The cases that go one command deeper. */
function steps(places: readonly Place[], variable: string): string {
  return places
    .filter(({ path }) => path !== "")
    .map(({ path }) => `${quote(parentAndName(path))}) ${variable}=${quote(path)} ;;`)
    .join("\n      ");
}

/** `keys new` is reached at `keys` by the word `new`; the top is empty, hence the blank before its commands. */
function parentAndName(path: string): string {
  return path.includes(" ") ? path : ` ${path}`;
}

/** The cases for the word after an option that takes a value. */
function values(
  places: readonly Place[],
  offer: (words: readonly string[]) => string,
  files: string,
): string {
  return places
    .flatMap(({ path, options }) =>
      options
        .filter(({ takesValue }) => takesValue)
        .map(({ flags, values: given }) => {
          const patterns = flags.map((flag) => quote(`${path} ${flag}`)).join("|");
          return `    ${patterns}) ${given.kind === "words" ? offer(given.words) : files} ;;`;
        }),
    )
    .join("\n");
}

function cases(places: readonly Place[], offer: (place: Place) => string): string {
  return places.map((place) => `    ${quote(place.path)}) ${offer(place)} ;;`).join("\n");
}

function wordsAt(place: Place): readonly string[] {
  return [...place.commands.map(({ name }) => name), ...place.words, ...flagsOf(place)];
}

function flagsOf({ options }: Place): readonly string[] {
  return options.flatMap(({ flags }) => flags).filter((flag) => flag.startsWith("--"));
}

/** A word for a shell, whatever is in it. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
