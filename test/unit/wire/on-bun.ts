/** Bun's half of the conformance suite: every case on native sockets. */
import { bunApi } from "../../../src/wire/bun-api.ts";
import { bunNetwork } from "../../../src/wire/bun-network.ts";
import { playAll } from "../../support/on-bun.ts";
import { cases } from "./conformance.ts";
import { createTrust, onStage } from "./peers.ts";

const bun = bunApi();
if (bun === undefined) throw new Error("this is to be run by Bun");
const network = bunNetwork(bun);
const trust = await createTrust();

await playAll(cases, (play) => onStage(network, trust, play));
