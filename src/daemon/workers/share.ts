import type { Config } from "../../config/schema.ts";

/**
 * What one of several workers gets of a configuration. The kernel spreads connections over the workers by a hash of
 * their addresses, evenly but not exactly, so each worker keeps its part of the limits that count connections, rounded
 * up. Sessions of an identity and failed logins are counted over all workers; their limits stay whole.
 */
export function shareOf(config: Config, workers: number): Config {
  const { connections, unauthenticated, unauthenticatedPerAddress } = config.limits;
  const part = (limit: number) => Math.ceil(limit / workers);
  return {
    ...config,
    limits: {
      ...config.limits,
      connections: part(connections),
      unauthenticated: part(unauthenticated),
      unauthenticatedPerAddress: part(unauthenticatedPerAddress),
    },
  };
}

/** The configuration with the port that was found free in the place of port 0, so that all workers have the same. */
export function withPort(config: Config, port: number): Config {
  const { postgres } = config.doors;
  return postgres === undefined
    ? config
    : { ...config, doors: { ...config.doors, postgres: { ...postgres, port } } };
}
