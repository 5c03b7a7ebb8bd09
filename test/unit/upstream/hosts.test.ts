import assert from "node:assert/strict";
import { test } from "node:test";
import type { Event } from "../../../src/base/event.ts";
import { Hosts } from "../../../src/upstream/hosts.ts";
import { clusterOf } from "../../support/admission.ts";
import { VirtualClock } from "../../support/clock.ts";

const A = { host: "a", port: 5432 };
const B = { host: "b", port: 5432 };
const C = { host: "c", port: 5433 };
const primary = { standby: false, readOnly: false };
const standby = { standby: true, readOnly: true };

function hostsOf(settings: Record<string, unknown> = {}, random?: () => number) {
  const clock = new VirtualClock();
  const events: Event[] = [];
  const cluster = clusterOf({ hosts: [A, B, C], login: { method: "trust" }, ...settings });
  const hosts = new Hosts(cluster, clock, (event) => events.push(event), random);
  const order = () => hosts.order().map(({ host }) => host);
  return { hosts, clock, events, order };
}

test("hosts are tried in the order in which they are written", () => {
  assert.deepEqual(hostsOf().order(), ["a", "b", "c"]);
});

test("a host that did not answer comes last until it answers again, and each turn is reported once", () => {
  const { hosts, order, events } = hostsOf();
  hosts.failed(A);
  hosts.failed(A);
  assert.deepEqual(order(), ["b", "c", "a"]);
  assert.deepEqual(hosts.down(), [A]);
  hosts.answered(A);
  hosts.answered(A);
  assert.deepEqual(order(), ["a", "b", "c"]);
  assert.deepEqual(events, [
    { event: "upstream.state.v1", cluster: "main", host: "a:5432", state: "down" },
    { event: "upstream.state.v1", cluster: "main", host: "a:5432", state: "up" },
  ]);
});

test("when all hosts are down they are tried all the same", () => {
  const { hosts, order } = hostsOf();
  for (const host of [A, B, C]) hosts.failed(host);
  assert.deepEqual(order(), ["a", "b", "c"]);
  assert.deepEqual(
    hosts.states().map(({ up }) => up),
    [false, false, false],
  );
});

test("a host that was of the wrong kind is asked later, until that is old news", () => {
  const { hosts, order, clock } = hostsOf({ targetSessionAttrs: "primary" });
  hosts.answered(A, standby);
  hosts.answered(C, primary);
  assert.deepEqual(order(), ["b", "c", "a"]);
  clock.advance(30_001);
  assert.deepEqual(order(), ["a", "b", "c"]);
});

test("what a host was is forgotten when it goes down: it may come back as something else", () => {
  const { hosts, order } = hostsOf({ targetSessionAttrs: "standby" });
  hosts.answered(A, primary);
  assert.deepEqual(order(), ["b", "c", "a"]);
  hosts.failed(A);
  hosts.answered(A);
  assert.deepEqual(order(), ["a", "b", "c"]);
});

test("load_balance_hosts=random shuffles, and a host that is down stays last", () => {
  const dice = [0, 0];
  const { hosts, order } = hostsOf({ loadBalanceHosts: "random" }, () => dice.shift() ?? 0.99);
  assert.deepEqual(order(), ["b", "c", "a"]);
  assert.deepEqual(order(), ["a", "b", "c"]);
  hosts.failed(B);
  dice.push(0.99, 0);
  assert.deepEqual(order(), ["a", "c", "b"]);
});
