import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AccessWorld } from "./access-world.ts";
import { bind, group, may, offer, role, startAccessWorld } from "./access-world.ts";
import type { Ran } from "./postern.ts";
import { shellMeanwhile } from "./postern.ts";

/** Runs a line of shell. */
export type Run = (line: string) => Promise<Ran>;

/** Commands that ask a running Postern, and what there is to be asked about. */
export interface AccessCli {
  readonly world: AccessWorld;
  /** Where its API is. */
  readonly server: string;
  /** Where lines of shell run. */
  readonly directory: string;
  /** Runs lines of shell with the token of somebody. */
  as(sub: string, ...groups: string[]): Run;
  /** Has somebody ask for `orders-rw`; the id of the request. */
  asked(sub: string, more?: string, groups?: readonly string[], duration?: string): Promise<string>;
  stop(): Promise<void>;
}

const RULES = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: "all" } };

/** Offers `orders-ro`, which group `all` has at once, and `orders-rw`, which engineers ask for and leads approve. */
async function putPolicy(world: AccessWorld): Promise<void> {
  await world.put(role("connect", may("connect", "databases", "main/*")));
  await world.put(bind("everybody", "connect", group("system:authenticated")));
  await world.put(role("writer", may("assume", "databaseroles", "ben")));
  await world.put(role("approver", may("approve", "accessrequests")));
  await world.put(bind("leads", "approver", group("leads")));
  await world.put(role("reader", may("assume", "databaseroles", "analyst")));
  await world.put(bind("engineer-readers", "reader", group("engineers")));
  await world.put(
    offer("orders-ro", {
      role: { kind: "Role", name: "reader" },
      requesters: [group("all")],
      maxDuration: "1h",
      approvals: { by: [group("leads")] },
      preapproved: [group("all")],
    }),
  );
  await world.put({
    ...RULES,
    kind: "ClusterRole",
    rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }],
  });
  const all = { kind: "ClusterRole", name: "all" };
  await world.put({ ...RULES, kind: "ClusterRoleBinding", subjects: [group("all")], roleRef: all });
  await world.put(
    offer("orders-rw", {
      description: "Write to the orders",
      role: { kind: "Role", name: "writer" },
      requesters: [group("engineers")],
      maxDuration: "1h",
      approvals: { by: [group("leads")] },
      breakGlass: { subjects: [group("oncall")], maxDuration: "15m" },
    }),
  );
}

export async function startAccessCli(): Promise<AccessCli> {
  const directory = mkdtempSync(join(tmpdir(), "postern-access-cli-"));
  const world = await startAccessWorld();
  const opened = await world.gateway.logged(
    (line) => line.event === "door.opened.v1" && line["door"] === "control",
  );
  const server = `http://127.0.0.1:${String(opened["port"])}`;
  await putPolicy(world);
  const as: AccessCli["as"] = (sub, ...groups) => {
    const token = world.token(sub, { groups });
    return (line) => shellMeanwhile(line, directory, { POSTERN_SERVER: server, POSTERN_TOKEN: token });
  };
  return {
    world,
    server,
    directory,
    as,
    asked: async (sub, more = "", groups = ["engineers"], duration = "30m") => {
      const line = `postern request orders-rw --for ${duration} --reason "ticket 4711" ${more} --json`;
      return JSON.parse(await printed(as(sub, ...groups), line)).id;
    },
    stop: async () => {
      await world.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** What a command that has to work printed. */
export async function printed(run: Run, line: string): Promise<string> {
  const { code, stdout, stderr } = await run(line);
  assert.equal(code, 0, `${line}\n${stderr}`);
  return stdout;
}

/** Objects of the tests' namespace, as a file. */
export const POLICY = `apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: readers, namespace: shop }
subjects: [{ kind: Group, name: readers }]
roleRef: { kind: Role, name: applied }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: applied, namespace: shop }
rules:
  - { verbs: [assume], apiGroups: [postern.dev], resources: [databaseroles], resourceNames: [ro] }
`;
