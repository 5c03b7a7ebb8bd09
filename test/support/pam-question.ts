import { connect } from "node:net";

/** A question of PAM's as the PAM door reads it (src/doors/pam/question.ts). */
export function pamQuestion(fields: Readonly<Record<string, string>>): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}=${value}\0`);
  return `postern-pam/1\0${lines.join("")}\0`;
}

/** Writes bytes to the socket of a PAM door; resolves to the whole answer. */
export function sendToPam(path: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({ path }).setEncoding("utf8");
    socket.on("data", (piece: string) => {
      answer += piece;
    });
    socket.on("error", reject).on("close", () => resolve(answer));
    socket.write(bytes);
  });
}
