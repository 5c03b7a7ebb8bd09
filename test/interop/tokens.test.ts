/** The programs of docs/tokens.md in other languages issue tokens that Postern takes. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { newKeyPair } from "../../src/identity/mint.ts";
import { directoryWith } from "../support/config-files.ts";
import { assertIssued, blocks } from "../support/token-examples.ts";
import { missing, prepare } from "./support/toolchains.ts";

const run = promisify(execFile);
const COMPLETE = process.env["CI"] === "true";

/** How a program of each language is run. Python needs packages, which the interop suites have. */
const programs = [
  {
    language: "python",
    file: "issue.py",
    command: "python3",
    env: async () => (await prepare("python"))("any").env,
  },
  { language: "go", file: "issue.go", command: "go", args: ["run"], env: async () => ({}) },
] as const;

for (const program of programs) {
  const { language, file, command } = program;
  const lacking = missing(language);
  const skip = lacking === undefined || COMPLETE ? false : `skipped: ${lacking}`;
  test(`the program in ${language} issues a token that Postern takes`, { skip }, async (t) => {
    const { privatePem, publicPem } = newKeyPair("EdDSA");
    const [source = ""] = blocks("Your own issuer", language);
    const cwd = directoryWith(t, { [file]: source, "issuer.key": privatePem });
    const args = ["args" in program ? program.args : [], join(cwd, file)].flat();
    const { stdout } = await run(command, args, { cwd, env: { ...process.env, ...(await program.env()) } });
    await assertIssued(publicPem, stdout);
  });
}
