import { join } from "node:path";
import { before, suite, test } from "node:test";
import { nodeNetwork } from "../../../src/wire/node-network.ts";
import { CASE_MS, suiteOnBun } from "../../support/on-bun.ts";
import { cases } from "./conformance.ts";
import type { Trust } from "./peers.ts";
import { createTrust, onStage } from "./peers.ts";

suite("a wire on node:net", () => {
  let trust: Trust;
  before(async () => {
    trust = await createTrust();
  });
  for (const [name, play] of cases) {
    test(name, { timeout: CASE_MS }, () => onStage(nodeNetwork, trust, play));
  }
});

suiteOnBun("a wire on Bun's native sockets", join(import.meta.dirname, "on-bun.ts"), cases);
