import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Secret } from "../../../src/base/secret.ts";
import { signedHeaders } from "../../../src/outbound/webhook.ts";

const PAGE = join(import.meta.dirname, "../../../docs/access-requests.md");
const NOW = 1_764_000_000_000;

type Headers = Readonly<Record<string, string>>;
type IsGenuine = (headers: Headers, body: string, secret: string, now: number) => boolean;

/** What the page gives to receivers. */
async function documented(): Promise<IsGenuine> {
  const [, script = ""] = /```js\n([\s\S]*?)```/.exec(readFileSync(PAGE, "utf8")) ?? assert.fail("no script");
  const { isGenuine } = await import(`data:text/javascript,${encodeURIComponent(script)}`);
  return isGenuine;
}

for (const secret of ["0123456789abcdef0123456789abcdef", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3"])
  test(`the script of the docs takes what was signed with ${secret.slice(0, 6)}…, and nothing else`, async () => {
    const isGenuine = await documented();
    const headers = signedHeaders(new Secret(secret), "evt_1", '{"a":"ü"}', NOW);
    assert.equal(isGenuine(headers, '{"a":"ü"}', secret, NOW + 60_000), true);
    assert.equal(isGenuine(headers, '{"a":"u"}', secret, NOW), false, "another body");
    assert.equal(isGenuine({ ...headers, "webhook-id": "evt_2" }, '{"a":"ü"}', secret, NOW), false);
    assert.equal(isGenuine(headers, '{"a":"ü"}', `${secret}BBBB`, NOW), false, "another secret");
    assert.equal(isGenuine(headers, '{"a":"ü"}', secret, NOW + 600_000), false, "too old");
    assert.equal(isGenuine({}, '{"a":"ü"}', secret, NOW), false, "not signed");
  });

test("a message is signed as the example of Standard Webhooks is", () => {
  const headers = signedHeaders(
    new Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
    "msg_p5jXN8AQM9LWM0D4loKWxJek",
    '{"test": 2432232314}',
    1_614_265_330_000,
  );
  assert.equal(headers["webhook-signature"], "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
});
