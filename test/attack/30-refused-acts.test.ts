/** What operators tried and may not do is in the record, also where no verb of policy was asked for. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { AccessWorld } from "../support/access-world.ts";
import { group, offer, role, startAccessWorld } from "../support/access-world.ts";

let world: AccessWorld;
before(async () => {
  world = await startAccessWorld();
  await world.put(role("orders-rw"));
  await world.put(
    offer("orders-rw", {
      role: { kind: "Role", name: "orders-rw" },
      requesters: [group("engineers")],
      maxDuration: "1h",
      approvals: { by: [group("dba")] },
    }),
  );
});
after(() => world.stop());

test("attack 30: who tries to approve their own request is on record, with the check that failed", async () => {
  const ann = world.as("ann", "engineers");
  const made = await ann("POST", "/namespaces/shop/accessrequests", {
    offer: "orders-rw",
    duration: "10m",
    reason: "ticket 4711",
  });
  assert.equal(made.status, 201);
  const { id } = made.body as { readonly id: string };
  assert.equal((await ann("POST", `/accessrequests/${id}/approve`, {})).status, 403);
  const line = await world.gateway.logged(({ outcome: came }) => came === "denied");
  const { verb, resource, name, outcome, code } = line;
  assert.deepEqual(
    { verb, resource, name, outcome, code },
    {
      verb: "approve",
      resource: "accessrequests",
      name: id,
      outcome: "denied",
      code: "grants/own-request",
    },
  );
});
