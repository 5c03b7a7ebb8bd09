/** Bun's half: runs every case on native sockets and writes one line of JSON for each. */
import { cases } from "./cases.ts";
import { onStage } from "./stage.ts";

/** A case that hangs is told as a failure of that case. */
const CASE_MS = 20_000;

for (const [name, play] of cases) {
  const outcome = await Promise.race([onStage(play).then(() => "passed", failure), hang()]);
  console.log(JSON.stringify({ name, outcome }));
}
process.exit(0);

function failure(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function hang(): Promise<string> {
  return new Promise((resolve) => setTimeout(resolve, CASE_MS, "it hangs").unref());
}
