import type { Command } from "commander";
import { describe } from "../command.ts";
import { accepted, withWarnings } from "../configuration.ts";
import { serve, tellOpen } from "../serve.ts";

/** `postern proxy`: the wire door from jwt-postgresql-proxy's environment alone. */
export function proxyCommand(): Command {
  return describe("proxy", "open the wire door from jwt-postgresql-proxy's environment variables", [
    "set -a; . ./proxy.env; postern proxy",
  ]).action(proxy);
}

async function proxy(): Promise<void> {
  const { loadProxyConfig } = await import("../../config/compat/jwt-postgresql-proxy.ts");
  const load = () => withWarnings(loadProxyConfig(process.env));
  const loaded = accepted(load());
  const { run } = await import("../../daemon/run.ts");
  await serve(run({ loaded, load, onOpen: tellOpen }), "DOWNSTREAM__PORT");
}
