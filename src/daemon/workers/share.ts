import { partOfMemory } from "../../base/memory.ts";
import type { Config, RestDoorConfig } from "../../config/schema.ts";

/**
 * What the supervisor keeps of a configuration: the PAM door. One process has to answer it, since two questions about one
 * login belong together, and can: nothing is pumped there.
 */
export function shareOfSupervisor(config: Config): Config {
  const { pam } = config.doors;
  return { ...config, doors: pam === undefined ? {} : { pam } };
}

/**
 * What one of several workers gets of a configuration. The kernel spreads connections over the workers by a hash of
 * their addresses, evenly but not exactly, so each worker keeps its part of the limits that count connections, rounded
 * up. Sessions of an identity and failed logins are counted over all processes; their limits stay whole.
 */
export function shareOf(config: Config, workers: number): Config {
  const { connections, unauthenticated, unauthenticatedPerAddress } = config.limits;
  const part = (limit: number) => Math.ceil(limit / workers);
  const { postgres, rest } = config.doors;
  return {
    ...config,
    doors: {
      ...(postgres === undefined ? {} : { postgres }),
      ...(rest === undefined ? {} : { rest: shareOfRest(rest, part) }),
    },
    limits: {
      ...config.limits,
      connections: part(connections),
      unauthenticated: part(unauthenticated),
      unauthenticatedPerAddress: part(unauthenticatedPerAddress),
    },
  };
}

function shareOfRest(rest: RestDoorConfig, part: (limit: number) => number): RestDoorConfig {
  const { pool, requests } = rest;
  return {
    ...rest,
    pool: { ...pool, size: part(pool.size) },
    requests: {
      ...requests,
      connections: part(requests.connections),
      bodiesInMemory: part(requests.bodiesInMemory ?? partOfMemory()),
      answersInMemory: part(requests.answersInMemory ?? partOfMemory()),
    },
  };
}

/** A door that listens on an address and a port, which workers can share. */
export interface PortPlace {
  readonly door: "postgres" | "rest";
  readonly host: string;
  readonly port: number;
}

export function portPlaces({ doors: { postgres, rest } }: Config): PortPlace[] {
  return [
    ...(postgres === undefined
      ? []
      : [{ door: "postgres" as const, host: postgres.host, port: postgres.port }]),
    ...(rest === undefined || rest.unixSocket !== undefined
      ? []
      : [{ door: "rest" as const, host: rest.host, port: rest.port }]),
  ];
}

/** The configuration with the ports that were found free in the place of port 0, so that all workers have the same. */
export function withPorts(config: Config, places: readonly PortPlace[]): Config {
  const { postgres, rest } = config.doors;
  const portOf = (door: PortPlace["door"]) => places.find((place) => place.door === door)?.port;
  return {
    ...config,
    doors: {
      ...config.doors,
      ...(postgres === undefined
        ? {}
        : { postgres: { ...postgres, port: portOf("postgres") ?? postgres.port } }),
      ...(rest === undefined ? {} : { rest: { ...rest, port: portOf("rest") ?? rest.port } }),
    },
  };
}

/** How many processes share the ports: as many as the door that wants the most. */
export function workersOf({ doors: { postgres, rest } }: Config): number {
  return Math.max(postgres?.workers ?? 1, rest?.workers ?? 1);
}
