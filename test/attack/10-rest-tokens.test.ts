/** Row 10 at the REST door: a session that is kept between requests does not make a token last longer. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { startRest } from "../support/rest.ts";

const SQL = "CREATE FUNCTION api.me() RETURNS text LANGUAGE sql STABLE AS 'SELECT current_user'";

const cases = [
  {
    title: "onExpiry: keep lets no request begin after the end of its token",
    setting: { POSTERN__CLUSTERS__0__ON_EXPIRY: "keep" },
    seconds: 3,
    message: "JWT expired",
  },
  {
    title: "a token that becomes too old is refused, however often it is used",
    setting: { POSTERN__ISSUERS__0__MAX_TOKEN_AGE: "1s", POSTERN__ISSUERS__0__LEEWAY: "2s" },
    seconds: 3600,
    message: "JWT is too old",
  },
] as const;

for (const { title, setting, seconds, message } of cases)
  test(title, async () => {
    const world = await startRest({ sql: SQL, env: setting });
    try {
      await world.ask("GET /rpc/me"); // which waits for the catalog
      const ask = await eventually("a token that was taken", async () => {
        const now = Math.floor(Date.now() / 1000);
        const authorization = `Bearer ${world.token("web", { iat: now, exp: now + seconds })}`;
        const again = () => world.ask("GET /rpc/me", { headers: { authorization } });
        return (await again()).text === '"web"' ? again : undefined;
      });
      const refused = await eventually("the token is refused", async () => {
        const answer = await ask();
        return answer.status === 200 ? undefined : answer;
      });
      assert.equal(refused.status, 401, refused.text);
      assert.equal((refused.json() as { message: string }).message, message);
    } finally {
      await world.stop();
    }
  });
