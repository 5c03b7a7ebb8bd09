import assert from "node:assert/strict";
import { test } from "node:test";
import { Attempts } from "../../../src/access/attempts.ts";
import { Naming } from "../../../src/access/naming.ts";
import { Operators } from "../../../src/access/operators.ts";
import { PolicyInForce } from "../../../src/access/policy-in-force.ts";
import type { Event } from "../../../src/base/event.ts";
import { newSessionId } from "../../../src/base/ids.ts";
import { Secret } from "../../../src/base/secret.ts";
import { limits } from "../../../src/config/schema/process.ts";
import { PersonalProving } from "../../support/personal-tokens.ts";

const peer = { address: "192.0.2.1", port: 1, tls: true };

test("a personal token operates Postern as its owner, and one that is for some database roles does not", async () => {
  const proving = new PersonalProving();
  const events: Event[] = [];
  const operators = new Operators({
    verifier: proving.verifier,
    policy: new PolicyInForce([]),
    naming: new Naming([]),
    administratorToken: undefined,
    attempts: new Attempts(proving.clock),
    limits: limits.parse({}),
    clock: proving.clock,
    observe: (event) => events.push(event),
  });
  const known = async (text: string) => operators.know(new Secret(text), peer, newSessionId());
  const whole = await known(proving.token().text);
  assert.equal(whole.kind === "operator" && whole.operator.identity.id, "https://corp.test:ann");
  const narrow = await known(proving.token({ roles: ["reader"] }).text);
  assert.equal(narrow.kind === "denied" && narrow.code, "access/narrow-token");
  assert.deepEqual(
    events.map(({ event }) => event),
    ["login.denied.v1"],
  );
});
