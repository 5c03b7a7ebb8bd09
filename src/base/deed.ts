import type { Deed } from "./event.ts";
import { subjectId } from "./ids.ts";

/** Somebody as events tell of who did something. */
export function doneBy({
  issuer,
  subject,
  username,
}: {
  readonly issuer: string;
  readonly subject: string;
  readonly username: string;
}): Required<Deed> {
  return { actor: subjectId(issuer, subject), actorName: username };
}
