import type { Command } from "commander";
import { deedCommand } from "../requests.ts";

/** `postern deny`: says no to a request. */
export function denyCommand(): Command {
  return deedCommand("deny", "deny an access request, for good", "use the read-only role");
}
