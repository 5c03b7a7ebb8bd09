import type { Command } from "commander";
import { describe } from "../command.ts";
import { Failure } from "../failure.ts";
import { readText } from "../input.ts";
import { printJson } from "../terminal.ts";

/** `postern keys jwks`: public keys as others fetch them. */
export function keysJwksCommand(): Command {
  return describe("jwks", "print the JWK Set (RFC 7517) of keys in PEM, without what is private in them", [
    "postern keys jwks jobs.pub > jwks.json",
  ])
    .argument("<files...>", "keys in PEM, public or private")
    .action(printJwks);
}

async function printJwks(files: readonly string[]): Promise<void> {
  const { publicJwk } = await import("../../daemon/offline.ts");
  const keys = files.map((file) => {
    const pem = readText(file);
    try {
      return publicJwk(pem);
    } catch (error) {
      const message = `"${file}" is no key in PEM; name a key such as "postern keys new" makes`;
      throw new Failure(message, 1, { cause: error });
    }
  });
  printJson({ keys });
}
