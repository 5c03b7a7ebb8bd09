import type { Command } from "commander";

/** Wide enough that no option breaks in the middle of its meaning. */
const WIDTH = 110;

const MARK = "<!-- commands: generated from src/cli by npm run docs; do not edit below -->";

/** docs/command-line.md anew: the hand-written part kept, the help of every command replaced. */
export function renderCommandPage(page: string, program: Command): string {
  const [prose = ""] = page.split(MARK);
  return `${prose.trimEnd()}\n\n${MARK}\n\n${sectionsOf(program, "postern").join("\n\n")}\n`;
}

function sectionsOf(command: Command, path: string): readonly string[] {
  const own = `## ${path}\n\n\`\`\`\n${helpOf(command).trim()}\n\`\`\``;
  return [own, ...command.commands.flatMap((child) => sectionsOf(child, `${path} ${child.name()}`))];
}

/** The help as `--help` prints it, examples included. */
function helpOf(command: Command): string {
  let text = "";
  const width = () => WIDTH;
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: width,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text;
}
