import type { Command } from "commander";
import { deedCommand } from "../requests.ts";

/** `postern withdraw`: takes one's own request back. */
export function withdrawCommand(): Command {
  return deedCommand(
    "withdraw",
    "take your own access request back before it is answered",
    "solved otherwise",
  );
}
