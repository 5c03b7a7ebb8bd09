import type { Command } from "commander";
import { Option } from "commander";
import { KEY_PAIR_ALGORITHMS } from "../../config/algorithms.ts";
import type { Algorithm } from "../../config/schema.ts";
import { parseDuration } from "../../config/units.ts";
import { describe, jsonOption } from "../command.ts";
import { Failure, misuse } from "../failure.ts";
import { readText } from "../input.ts";
import { print, printJson } from "../terminal.ts";

interface Options {
  readonly key: string;
  readonly subject: string;
  readonly ttl: string;
  readonly issuer?: string;
  readonly audience?: readonly string[];
  readonly claim?: Readonly<Record<string, unknown>>;
  readonly algorithm?: Algorithm;
  readonly type?: string;
  readonly json?: boolean;
}

/** `postern token mint`: a signed token. It needs the private key and nothing of a running Postern. */
export function tokenMintCommand(): Command {
  return describe("mint", "sign a token with a private key", [
    "postern token mint --key jobs.key --subject app",
    "postern token mint --key jobs.key --subject ada --issuer https://jobs.example.com --audience postern --ttl 15m --claim 'roles=[\"reporting\"]'",
  ])
    .requiredOption("--key <file>", "the private key in PEM")
    .requiredOption("--subject <sub>", "who the token is for (`sub`)")
    .option("--ttl <duration>", "how long it is valid: 15m, 8h", "1h")
    .option("--issuer <iss>", "who signs (`iss`)")
    .option("--audience <aud>", "whom the token is for (`aud`); may be repeated", addAudience)
    .option("--claim <name=value>", "another claim, the value as JSON or text; may be repeated", addClaim)
    .addOption(
      new Option("--algorithm <name>", "how to sign; by default what the key is for").choices(
        KEY_PAIR_ALGORITHMS,
      ),
    )
    .option("--type <typ>", "the `typ` header, JWT by default")
    .addOption(jsonOption())
    .action(mint);
}

function addAudience(text: string, audience: readonly string[] = []): readonly string[] {
  return [...audience, text];
}

function addClaim(
  text: string,
  claims: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const equals = text.indexOf("=");
  if (equals < 1) throw misuse(`--claim "${text}" has no value; write name=value`);
  return { ...claims, [text.slice(0, equals)]: claimValue(text.slice(equals + 1)) };
}

function claimValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

async function mint(options: Options): Promise<void> {
  const ttl = parseDuration(options.ttl);
  if (ttl === undefined)
    throw misuse(`--ttl "${options.ttl}" is no duration; write a whole number and a unit: 15m, 8h`);
  const pem = readText(options.key);
  const now = Math.floor(Date.now() / 1000);
  const [first, ...others] = options.audience ?? [];
  const claims = {
    iss: options.issuer,
    sub: options.subject,
    aud: others.length > 0 ? options.audience : first,
    iat: now,
    exp: now + Math.floor(ttl / 1000),
    ...options.claim,
  };
  const { mintToken } = await import("../../daemon/offline.ts");
  const token = signed(
    () => mintToken(pem, claims, { algorithm: options.algorithm, type: options.type }),
    options.key,
  );
  if (options.json) printJson({ token, claims });
  else print(token);
}

function signed(sign: () => string, file: string): string {
  try {
    return sign();
  } catch (error) {
    // A TypeError of ours says which algorithms there are; what the cryptography says of other files helps nobody.
    if (error instanceof TypeError && !("code" in error))
      throw new Failure(`"${file}" cannot sign: ${error.message}`, 1, { cause: error });
    const message = `"${file}" cannot sign; name a private key in PEM, such as "postern keys new" makes`;
    throw new Failure(message, 1, { cause: error });
  }
}
