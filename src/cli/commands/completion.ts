import type { Command } from "commander";
import { Argument } from "commander";
import { describe } from "../command.ts";
import { print } from "../terminal.ts";

/** `postern completion`: a script that teaches a shell the commands. `program` is asked for the whole tree. */
export function completionCommand(program: () => Command): Command {
  return describe("completion", "print a script that completes postern's commands in a shell", [
    "source <(postern completion bash)",
    "postern completion zsh > _postern",
    "postern completion fish > postern.fish",
  ])
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    .action(async (shell: "bash" | "zsh" | "fish") => {
      const { bashScript, fishScript, zshScript } = await import("../completion/scripts.ts");
      const script = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell];
      print(script(program()).trimEnd());
    });
}
