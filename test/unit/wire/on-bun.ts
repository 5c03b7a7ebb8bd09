/** Bun's half of the conformance suite: runs every case on native sockets and writes one line of JSON for each. */
import { bunApi } from "../../../src/wire/bun-api.ts";
import { bunNetwork } from "../../../src/wire/bun-network.ts";
import { cases } from "./conformance.ts";
import { createTrust, onStage } from "./peers.ts";

/** A case that hangs is told as a failure of that case. */
const CASE_MS = 20_000;

const bun = bunApi();
if (bun === undefined) throw new Error("this is to be run by Bun");
const network = bunNetwork(bun);
const trust = await createTrust();

for (const [name, play] of cases) {
  const outcome = await Promise.race([onStage(network, trust, play).then(() => "passed", failure), hang()]);
  console.log(JSON.stringify({ name, outcome }));
}
process.exit(0);

function failure(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function hang(): Promise<string> {
  return new Promise((resolve) => setTimeout(resolve, CASE_MS, "it hangs").unref());
}
