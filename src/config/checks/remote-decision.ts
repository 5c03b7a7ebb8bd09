import type { Path } from "../errors.ts";
import { issuerIdentifier } from "../issuer-identifier.ts";
import type { Findings } from "../prepare.ts";
import type { DecideConfig } from "../schema.ts";
import { isLoopback } from "./loopback.ts";
import type { Parts } from "./parts.ts";

/** Whoever is on the way sees every credential and could answer instead: plain HTTP is for this machine only. */
export function checkRemote(
  { url: text, issuer }: DecideConfig<"remote">,
  base: Path,
  { issuers }: Parts,
  findings: Findings,
): void {
  const url = new URL(text); // the schema checked it
  if (url.protocol === "http:" && !isLoopback(url.hostname))
    findings.fault(
      [...base, "url"],
      "sends credentials over plain HTTP, where anyone on the way can read them; use https://",
    );
  else if (url.username !== "" || url.password !== "")
    findings.fault(
      [...base, "url"],
      "has a user or a password; remove them: the client's credential is sent",
    );
  const mine = issuer ?? url.origin;
  const other = issuers.find(({ config }) => clash(mine, issuerIdentifier(config)));
  if (other !== undefined)
    findings.fault(
      [...base, "issuer"],
      `"${mine}" could make the same identities as issuer "${other.config.name}", which are issuer:sub; choose another name`,
    );
}

/** Identities are `<issuer>:<sub>`: no sub may make one issuer's look like another's. */
function clash(mine: string, other: string): boolean {
  return mine === other || mine.startsWith(`${other}:`) || other.startsWith(`${mine}:`);
}
