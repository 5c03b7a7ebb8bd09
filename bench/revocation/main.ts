/**
 * How long a session lives on when its right is taken away on another node: `npm run bench:revocation`. Two gateway
 * processes share a store. From the moment that the change is asked for to the moment that the client's connection is
 * closed, so that the change itself and its commit are in it.
 */
import { systemClock } from "../../src/base/clock.ts";
import { putPolicyObject } from "../../src/store/policy-objects.ts";
import { createStore } from "../../src/store/store.ts";
import type { AccessWorld } from "../../test/support/access-world.ts";
import { bind, group, may, role, startAccessWorld, user } from "../../test/support/access-world.ts";
import { eventually } from "../../test/support/eventually.ts";
import type { Gateway } from "../../test/support/gateway.ts";
import { startGateway } from "../../test/support/gateway.ts";
import { RawClient } from "../../test/support/raw-client.ts";
import { storeConfigOf } from "../../test/support/store.ts";
import { typed } from "../../test/support/wire-bytes.ts";
import { machine } from "../support/machine.ts";
import { align, short } from "../support/text-table.ts";

/** Sessions that are ended one after the other, in each case. */
const SESSIONS = 100;
/** Bindings of others in the store, in the case that has many. */
const MANY = 10_000;
/** 99 of 100 sessions must be over by then. */
const GOAL_MS = 1000;

interface Reading {
  readonly name: string;
  readonly times: Float64Array;
}

async function measure(name: string, bring: (client: RawClient) => Promise<void>): Promise<Reading> {
  const people = await logInAll(name);
  for (const { client } of people) await bring(client);
  const times = new Float64Array(people.length);
  for (const [index, { client, sub }] of people.entries()) {
    const began = performance.now();
    const gone = client.gone().then(() => performance.now());
    await here.administrator("DELETE", `/namespaces/shop/rolebindings/${sub}`);
    times[index] = (await gone) - began;
  }
  return { name, times };
}

let people = 0;

/** Sessions on the other node, each with a binding of its own. */
async function logInAll(
  name: string,
): Promise<readonly { readonly client: RawClient; readonly sub: string }[]> {
  const subs = Array.from({ length: SESSIONS }, () => `person-${people++}`);
  await store.transaction(async (tx) => {
    for (const sub of subs) {
      const object = bind(sub, "ada", user(sub));
      await putPolicyObject(tx, { kind: "RoleBinding", namespace: "shop", name: sub }, object);
    }
  });
  process.stderr.write(`… ${name}: ${subs.length} sessions\n`);
  const all = [];
  for (const sub of subs)
    all.push({ sub, client: await eventually("the node knows the binding", () => logIn(sub)) });
  return all;
}

async function logIn(sub: string): Promise<RawClient | undefined> {
  const client = await RawClient.tls({ port: there.port, ca: here.ca });
  return client.logIn("ada", here.token(sub)).then(
    () => client,
    () => undefined,
  );
}

function row({ name, times }: Reading): string[] {
  const sorted = times.toSorted();
  const at = (part: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
  return [name, ...[at(0.5), at(0.99), at(1)].map(short)];
}

const here: AccessWorld = await startAccessWorld();
const there: Gateway = await startGateway(here.config);
const store = createStore(storeConfigOf(here.config), { clock: systemClock, observe: () => {} });
const readings: Reading[] = [];
try {
  await here.put(role("connect", may("connect", "databases", "main/*")));
  await here.put(bind("everybody", "connect", group("system:authenticated")));
  await here.put(role("ada", may("assume", "databaseroles", "ada")));
  const sleep = typed("Q", Buffer.from("SELECT pg_sleep(600)\0"));
  readings.push(await measure("idle", async () => {}));
  readings.push(await measure("in a query", async (client) => client.send(sleep)));
  await store.query(
    `INSERT INTO policy_objects (kind, namespace, name, object)
     SELECT 'RoleBinding', 'shop', 'other-' || n, replace($1, 'NAME', 'other-' || n)::jsonb FROM generate_series(1, ${MANY}) n`,
    [JSON.stringify(bind("NAME", "ada", user("NAME")))],
  );
  readings.push(await measure(`idle, ${MANY} other bindings`, async () => {}));
} finally {
  await store.close();
  await there.stop();
  await here.stop();
}
const { cpus, model } = machine();
console.log(`${cpus} × ${model}; the gateways on ${process.env["POSTERN_RUNTIME"] ?? "bun"}`);
console.log(align([[`${SESSIONS} sessions each`, "p50 ms", "p99 ms", "max ms"], ...readings.map(row)]));
const late = readings.filter((reading) => Number(row(reading)[2]) > GOAL_MS);
if (late.length > 0) {
  console.log(`later than ${GOAL_MS} ms: ${late.map(({ name }) => name).join(", ")}`);
  process.exitCode = 1;
}
process.exit();
