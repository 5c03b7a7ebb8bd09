/** A page in a browser on Postern's machine, whose name was made to lead to the listener for operators. */
import assert from "node:assert/strict";
import { request } from "node:http";
import type { TestContext } from "node:test";
import { test } from "node:test";
import { Secret } from "../../src/base/secret.ts";
import { ControlDoor } from "../../src/doors/control/door.ts";

const SECRET = "0123456789abcdef";

async function listener(t: TestContext, token?: Secret) {
  const running = {
    logins: () => assert.fail("no login is asked about"),
    api: () => assert.fail("the API is not asked"),
    readiness: async () => ({ ready: true, checks: [{ check: "cluster/main", ok: true }] }),
    metrics: async () => ({ text: "", mediaType: "text/plain" }),
    catalog: async () => undefined,
    configuration: async () => "{}",
  };
  const door = new ControlDoor(running, () => {});
  t.after(() => door.close());
  await door.apply({ host: "127.0.0.1", port: 0, token });
  const port = door.address?.port;
  return (path: string, host: string) =>
    new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const headers = { host, authorization: `Bearer ${SECRET}` };
      request({ host: "127.0.0.1", port, path, headers }, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (piece: string) => {
          text += piece;
        });
        response.on("end", () => resolve({ status: response.statusCode, text }));
      })
        .on("error", reject)
        .end();
    });
}

for (const host of ["127.0.0.1:9187", "localhost:9187", "LOCALHOST", "[::1]:9187", "127.0.0.1"])
  test(`attack 26: who asks ${host} from this machine is shown metrics and names`, async (t) => {
    const ask = await listener(t);
    assert.equal((await ask("/metrics", host)).status, 200);
    assert.match((await ask("/readyz", host)).text, /cluster\/main/);
  });

for (const host of ["evil.test", "evil.test:9187", "127.0.0.1.evil.test", "localhost.evil.test:9187"])
  test(`attack 26: a page of ${host} that was led here is shown neither metrics nor names`, async (t) => {
    const ask = await listener(t);
    assert.equal((await ask("/metrics", host)).status, 401);
    const ready = await ask("/readyz", host);
    assert.equal(ready.status, 200);
    assert.doesNotMatch(ready.text, /cluster/);
  });

test("attack 26: with the administrator's token any name is as good as another", async (t) => {
  const ask = await listener(t, new Secret(SECRET));
  assert.equal((await ask("/metrics", "postern.example.com")).status, 200);
});
