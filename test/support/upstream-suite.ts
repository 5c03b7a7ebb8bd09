import { after } from "node:test";
import { clusterOf } from "./admission.ts";
import type { TestPostgres } from "./postgres.ts";
import { ask, type OpenOptions, type TestUpstream, upstreamTo } from "./upstream.ts";

/** Makes upstreams of one test server, over verified TLS unless told otherwise, and closes them after the tests. */
export function upstreamsOf(server: () => TestPostgres) {
  const made: TestUpstream[] = [];
  after(() => {
    for (const { upstream } of made) upstream.close();
  });
  return (settings: Record<string, unknown>, environment: Record<string, string> = {}): TestUpstream => {
    const cluster = clusterOf({
      hosts: [{ host: "localhost", port: server().port }],
      tls: { caFile: server().caFile },
      ...settings,
    });
    const one = upstreamTo(cluster, environment);
    made.push(one);
    return one;
  };
}

/** Opens a session, runs `sql`, closes. */
export async function once(upstream: TestUpstream, role: string, sql: string, options?: OpenOptions) {
  const session = await upstream.open(role, options);
  try {
    return await ask(session, sql);
  } finally {
    session.close();
  }
}
