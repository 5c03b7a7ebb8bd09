import type { Command } from "commander";
import { describe } from "../command.ts";
import { accepted } from "../configuration.ts";
import { tell } from "../terminal.ts";

/** `postern proxy`: the wire door from jwt-postgresql-proxy's environment alone. */
export function proxyCommand(): Command {
  return describe("proxy", "open the wire door from jwt-postgresql-proxy's environment variables", [
    "env $(cat proxy.env) postern proxy",
  ]).action(proxy);
}

async function proxy(): Promise<void> {
  const { loadProxyConfig } = await import("../../config/compat/jwt-postgresql-proxy.ts");
  const load = () => loadProxyConfig(process.env);
  const loaded = accepted(load());
  const { run } = await import("../../daemon/run.ts");
  await run({
    loaded,
    load,
    onOpen: ({ address }) => address && tell(`open on ${address.address}:${address.port}`),
  });
}
