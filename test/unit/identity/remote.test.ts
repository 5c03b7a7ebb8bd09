import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { Secret } from "../../../src/base/secret.ts";
import { noTrace } from "../../../src/base/trace.ts";
import { remoteDecision } from "../../../src/config/schema/remote-decision.ts";
import { createAuthority } from "../../../src/demo/authority.ts";
import { mintToken } from "../../../src/identity/mint.ts";
import { readAnswer } from "../../../src/identity/remote/answer.ts";
import { RemoteVerifier } from "../../../src/identity/remote/remote-verifier.ts";
import type { AccessApi } from "../../support/access-api.ts";
import { patOf, permits, says, silence, startAccessApi } from "../../support/access-api.ts";
import { VirtualClock } from "../../support/clock.ts";
import { directoryWith } from "../../support/config-files.ts";
import { eventually } from "../../support/eventually.ts";
import { keyPair } from "../../support/issuer.ts";

let api: AccessApi;
let clock: VirtualClock;
let verifier: RemoteVerifier;
before(async () => {
  api = await startAccessApi();
});
after(() => api.close());
beforeEach(() => {
  clock = new VirtualClock();
  verifier = new RemoteVerifier(clock);
  (api.asked as unknown[]).length = 0;
});

const settingsOf = (more = {}) => remoteDecision.parse({ mode: "remote", url: api.url, ...more });

const ask = (credential: string, more: { role?: string; address?: string; settings?: object } = {}) => {
  const { role = "ada", address = "192.0.2.1", settings = {} } = more;
  return verifier.verify(new Secret(credential), { settings: settingsOf(settings), role, address }, noTrace);
};

async function codeOf(credential: string, more = {}): Promise<string> {
  const verified = await ask(credential, more);
  return verified.kind === "refused" ? verified.code : "identity";
}

test("the API is sent role and address, and the credential as a bearer token", async () => {
  api.answer(permits("ada"));
  const verified = await ask(patOf("a"));
  assert.ok(verified.kind === "identity");
  assert.deepEqual(api.asked[0]?.body, { role: "ada", rhost: "192.0.2.1" });
  assert.equal(api.asked[0]?.method, "POST");
  assert.equal(api.asked[0]?.headers.authorization, `Bearer ${patOf("a")}`);
  assert.equal(verified.identity.id, `${new URL(api.url).origin}:user-1`);
});

test("a client at a Unix-domain socket is called as PostgreSQL calls it for PAM", async () => {
  api.answer(permits("ada"));
  await ask(patOf("a"), { address: "" });
  assert.equal(api.asked[0]?.body.rhost, "[local]");
});

const body = (document: unknown) =>
  Buffer.from(typeof document === "string" ? document : JSON.stringify(document));

for (const [what, document, grants] of [
  ["the newer shape", { user_id: "u", user_role: { role: "ada" } }, [{ role: "ada", until: undefined }]],
  [
    "the newer shape with an end",
    { user_id: "u", user_role: { role: "ada", expires_at: 5 } },
    [{ role: "ada", until: 5 }],
  ],
  [
    "an end that is null",
    { user_id: "u", user_role: { role: "ada", expires_at: null } },
    [{ role: "ada", until: undefined }],
  ],
  [
    "the older shape, with ends as text and as number",
    {
      user_id: "u",
      user_roles: [
        { role: "ada", expires_at: "1753280418791" },
        { role: "ben", expires_at: 7 },
      ],
    },
    [
      { role: "ada", until: 1753280418791 },
      { role: "ben", until: 7 },
    ],
  ],
  ["no role at all", { user_id: "u", user_roles: [] }, []],
] as const)
  test(`${what} is understood`, () => {
    assert.deepEqual(readAnswer({ status: 200, body: body(document) }), {
      kind: "known",
      userId: "u",
      grants,
    });
  });

for (const [what, document] of [
  ["nothing", ""],
  ["no JSON", "<html>"],
  ["a list", []],
  ["no user_id", { user_role: { role: "ada" } }],
  ["an empty user_id", { user_id: "", user_role: { role: "ada" } }],
  ["a user_id with a line break", { user_id: "a\nb", user_role: { role: "ada" } }],
  ["a user_id that is a number", { user_id: 1, user_role: { role: "ada" } }],
  ["a user_id of 300 characters", { user_id: "u".repeat(300), user_role: { role: "ada" } }],
  ["neither shape", { user_id: "u" }],
  ["both shapes", { user_id: "u", user_role: { role: "ada" }, user_roles: [] }],
  ["a role that is text", { user_id: "u", user_role: "ada" }],
  ["a role that is a list", { user_id: "u", user_role: { role: ["ada"] } }],
  ["roles that are an object", { user_id: "u", user_roles: { role: "ada" } }],
  ["an end that is no number", { user_id: "u", user_role: { role: "ada", expires_at: "soon" } }],
  ["an end in another unit", { user_id: "u", user_role: { role: "ada", expires_at: 1e18 } }],
  ["an end below zero", { user_id: "u", user_role: { role: "ada", expires_at: -1 } }],
  ["an end that is true", { user_id: "u", user_role: { role: "ada", expires_at: true } }],
  ["a member twice", '{"user_id":"u","user_role":{"role":"ben","role":"ada"}}'],
  ["1001 roles", { user_id: "u", user_roles: Array(1001).fill({ role: "ada" }) }],
] as const)
  test(`an answer with ${what} says yes to nothing`, () => {
    const answer = readAnswer({ status: 200, body: body(document) });
    assert.equal(answer.kind === "refused" ? answer.code : "known", "identity/api-answer");
  });

for (const [status, code] of [
  [401, "identity/api-refused"],
  [403, "identity/api-restricted"],
  [406, "identity/api-not-set-up"],
  [201, "identity/api-unavailable"],
  [204, "identity/api-unavailable"],
  [302, "identity/api-unavailable"],
  [404, "identity/api-unavailable"],
  [429, "identity/api-unavailable"],
  [500, "identity/api-unavailable"],
] as const)
  test(`status ${status} is ${code}, whatever the body says`, async () => {
    api.answer(says(status, { user_id: "u", user_role: { role: "ada" } }, { location: api.url }));
    assert.equal(await codeOf(patOf("a")), code);
    assert.equal(api.asked.length, 1, "a redirect was followed");
  });

test("an answer that does not come in time is none", async () => {
  api.answer(silence);
  const asked = codeOf(patOf("a"), { settings: { timeout: "3s" } });
  await eventually("the API was asked", () => api.asked.length === 1);
  clock.advance(3000);
  assert.equal(await asked, "identity/api-unavailable");
});

test("an answer without end is cut off", async () => {
  api.answer((response) => {
    response.writeHead(200);
    response.write(" ".repeat(128 * 1024));
  });
  assert.equal(await codeOf(patOf("a")), "identity/api-unavailable");
});

test("a private address is not asked where that is refused", async () => {
  assert.equal(
    await codeOf(patOf("a"), { settings: { refusePrivateNetworks: true } }),
    "identity/api-unavailable",
  );
  assert.equal(api.asked.length, 0);
});

test("an API is believed only by a certificate of the authority that is named, and is sent nothing otherwise", async (t) => {
  const [ours, other] = await Promise.all([createAuthority("ours"), createAuthority("other")]);
  const { cert, key } = await ours.server(["127.0.0.1"]);
  const secure = await startAccessApi({ cert, key });
  t.after(() => secure.close());
  secure.answer(permits("ada"));
  const directory = directoryWith(t, { "ours.crt": ours.cert, "other.crt": other.cert });
  const at = (caFile: string | undefined) => ({
    url: secure.url,
    ...(caFile === undefined ? {} : { caFile: join(directory, caFile) }),
  });
  assert.equal(await codeOf(patOf("a"), { settings: at("ours.crt") }), "identity");
  const asked = secure.asked.length;
  for (const caFile of ["other.crt", "none.crt", undefined])
    assert.equal(await codeOf(patOf("b"), { settings: at(caFile) }), "identity/api-unavailable");
  assert.equal(secure.asked.length, asked);
});

for (const [what, credential, code] of [
  ["a password", "hunter2", "identity/malformed"],
  ["nothing", "", "identity/malformed"],
  ["a short token", "sbp_1234", "identity/malformed"],
  ["a token with a line break", `${patOf("a")}\r\nx: y`, "identity/malformed"],
  ["a token of 9000 bytes", patOf("a".repeat(9000)), "identity/too-large"],
] as const)
  test(`the API is never sent ${what}`, async () => {
    api.answer(permits("ada"));
    assert.equal(await codeOf(credential), code);
    assert.equal(api.asked.length, 0);
  });

const jwt = (exp: number) => mintToken(keyPair().privatePem, { sub: "ada", exp });

test("a signed token that has expired is not even asked about, and one that has not ends when it does", async () => {
  api.answer(permits("ada"));
  assert.equal(await codeOf(jwt(clock.now() / 1000 - 1)), "identity/expired");
  assert.equal(api.asked.length, 0);
  const verified = await ask(jwt(clock.now() / 1000 + 60));
  assert.ok(verified.kind === "identity");
  assert.equal(verified.identity.expiresAt, clock.now() + 60_000);
});

test("a permission is given again for some seconds without asking, and then asked for anew", async () => {
  api.answer(permits("ada"));
  await ask(patOf("a"));
  clock.advance(4999);
  assert.equal(await codeOf(patOf("a")), "identity");
  assert.equal(api.asked.length, 1);
  api.answer(says(403, {}));
  clock.advance(1);
  assert.equal(await codeOf(patOf("a")), "identity/api-restricted");
});

test("a permission is never given again past its end", async () => {
  api.answer(permits("ada", { expires_at: clock.now() + 1000 }));
  await ask(patOf("a"));
  clock.advance(1000);
  const verified = await ask(patOf("a"));
  assert.equal(api.asked.length, 2);
  assert.ok(verified.kind === "identity");
  assert.deepEqual(verified.identity.claims["user_roles"], [], "a role that has ended is none");
});

test("a permission is for one credential, one role and one address", async () => {
  api.answer(permits("ada"));
  await ask(patOf("a"));
  for (const [credential, more] of [
    [patOf("b"), {}],
    [patOf("a"), { role: "ben" }],
    [patOf("a"), { address: "192.0.2.2" }],
  ] as const)
    await ask(credential, more);
  assert.equal(api.asked.length, 4);
});

test("a denial is not remembered", async () => {
  api.answer(says(406, {}));
  assert.equal(await codeOf(patOf("a")), "identity/api-not-set-up");
  api.answer(permits("ada"));
  assert.equal(await codeOf(patOf("a")), "identity");
});

test("an answer that does not name the role is a denial too, and not remembered", async () => {
  api.answer(permits("ben"));
  await ask(patOf("a"));
  api.answer(permits("ada"));
  const verified = await ask(patOf("a"));
  assert.ok(verified.kind === "identity");
  assert.deepEqual(verified.identity.claims["user_roles"], [{ role: "ada", expires_at: null }]);
});

test("those who ask the same at the same time share one question", async () => {
  const answers: (() => void)[] = [];
  api.answer((response, asked) => answers.push(() => permits("ada")(response, asked)));
  const logins = Array.from({ length: 20 }, () => codeOf(patOf("a")));
  await eventually("the API was asked", () => answers.length > 0);
  for (const answer of answers) answer();
  assert.deepEqual(new Set(await Promise.all(logins)), new Set(["identity"]));
  assert.equal(api.asked.length, 1);
});

test("without a cache every login asks", async () => {
  api.answer(permits("ada"));
  await ask(patOf("a"), { settings: { cache: "0s" } });
  await ask(patOf("a"), { settings: { cache: "0s" } });
  assert.equal(api.asked.length, 2);
});

test("a session no longer rests on an API that is not asked any more", async () => {
  api.answer(permits("ada"));
  const verified = await ask(patOf("a"));
  assert.ok(verified.kind === "identity");
  const { proof } = verified.identity;
  assert.ok(verifier.trusts(proof, settingsOf()));
  assert.ok(verifier.trusts(proof, settingsOf({ timeout: "1s" })));
  assert.ok(!verifier.trusts(proof, settingsOf({ url: `${api.url}/other` })));
  assert.ok(!verifier.trusts(proof, settingsOf({ issuer: "other" })));
  assert.ok(!verifier.trusts({ ...proof, algorithm: "EdDSA" }, settingsOf()));
});

test("what waits for an answer is denied when the configuration goes", async () => {
  api.answer(silence);
  const asked = codeOf(patOf("a"));
  await eventually("the API was asked", () => api.asked.length === 1);
  verifier.close();
  assert.equal(await asked, "identity/api-unavailable");
});
