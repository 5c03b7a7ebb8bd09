/** Bun's half: every case on native sockets. */
import { playAll } from "../../support/on-bun.ts";
import { cases } from "./cases.ts";
import { onStage } from "./stage.ts";

await playAll(cases, onStage);
