import { bunApi } from "./bun-api.ts";
import { bunNetwork } from "./bun-network.ts";
import { nodeNetwork } from "./node-network.ts";
import type { Network } from "./wire.ts";

const bun = bunApi();

/** This runtime's connections. */
export const network: Network = bun === undefined ? nodeNetwork : bunNetwork(bun);
