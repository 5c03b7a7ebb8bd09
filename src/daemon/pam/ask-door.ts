import { connect } from "node:net";
import { rhostOf } from "../../base/address.ts";
import { printable } from "../../config/errors.ts";
import type { PamOptions } from "./options.ts";
import type { Surroundings } from "./surroundings.ts";
import { PAM, type PamVerdict } from "./verdict.ts";

/** A sentence and a code; more is not from the PAM door. */
const MAX_ANSWER_BYTES = 1024;

/** Asks the PAM door of a running Postern (the exchange is described at src/doors/pam/question.ts). Never rejects. */
export function askDoor(
  options: Pick<PamOptions, "cluster" | "database"> & { readonly socket: string },
  { type, role, address, process }: Surroundings,
  credential: string,
): Promise<PamVerdict> {
  const { socket: path, cluster, database } = options;
  const rhost = rhostOf(address);
  const fields = {
    type,
    role,
    rhost,
    process,
    cluster,
    database,
    ...(type === "auth" ? { credential } : {}),
  };
  const lines = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${value}\0`],
  );
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect({ path });
    const finish = (verdict: PamVerdict) => {
      resolve(verdict);
      socket.destroy();
    };
    socket.setEncoding("utf8").on("data", (piece: string) => {
      answer += piece;
      if (answer.includes("\n") || answer.length > MAX_ANSWER_BYTES) finish(verdictOf(answer, type));
    });
    socket.on("error", (error) =>
      finish({ code: PAM.informationUnavailable, why: `${path} cannot be asked: ${error.message}` }),
    );
    socket.on("close", () => finish(verdictOf(answer, type)));
    socket.write(`postern-pam/1\0${lines.join("")}\0`);
  });
}

const TROUBLE =
  /^(?:access\/|pam\/(?:crowded|too-slow)|identity\/(?:keys-unavailable|api-unavailable|api-answer))/;

/** Only the one whole word lets anybody in. */
function verdictOf(answer: string, type: Surroundings["type"]): PamVerdict {
  if (answer === "allow\n") return { code: PAM.success, why: "allowed" };
  const [, code, rest] = /^deny (\S+) (.*)\n$/.exec(answer) ?? [];
  if (code === undefined) return { code: PAM.informationUnavailable, why: "the answer is not of a PAM door" };
  const why = printable(`${code} ${rest ?? ""}`);
  if (TROUBLE.test(code)) return { code: PAM.informationUnavailable, why };
  return { code: type === "auth" ? PAM.authenticationError : PAM.permissionDenied, why };
}
