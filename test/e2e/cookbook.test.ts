/** docs/policy-cookbook.md on a real gateway with a store: what people do in its tables, they do here by psql's protocol and the API. */
import assert from "node:assert/strict";
import { Socket } from "node:net";
import { after, before, test } from "node:test";
import pg from "pg";
import { type AccessWorld, startAccessWorld } from "../support/access-world.ts";
import type { ApiAnswer } from "../support/api.ts";
import { apiOf } from "../support/api.ts";
import {
  type CookbookStep,
  NAMESPACE,
  type Recipe,
  recipe,
  type WrittenObject,
} from "../support/cookbook.ts";
import { UPSTREAM_PASSWORD } from "../support/world.ts";

const ROLES = ["readonly", "reports_rw", "orders_rw", "orders_owner"];
/** The page's addresses, as loopback has them: the office, and elsewhere. */
const OFFICE = "127.0.0.2";
const ELSEWHERE = "127.0.0.1";
const PLACES: Readonly<Record<string, string>> = { "198.51.100.7": OFFICE, "203.0.113.9": ELSEWHERE };
/** A personal token counts by what its owner's last login said; a refused one ends here. */
const REFUSED = new Set(["28000", "28P01"]);

let world: AccessWorld;
before(async () => {
  world = await startAccessWorld({
    cluster: { namespace: NAMESPACE, decide: { mode: "rbac" } },
    issuer: { groupsClaim: "$.groups", usernameClaim: "$.email", trustUsernames: true },
    postgres: {
      sql: ROLES.map((role) => `CREATE ROLE ${role} LOGIN PASSWORD '${UPSTREAM_PASSWORD}';`).join("\n"),
    },
    config: async (postgres) => {
      for (const database of ["orders", "reports"]) await postgres.query(`CREATE DATABASE ${database}`);
      return {};
    },
  });
});
after(() => world.stop());

/** The page's office network, as loopback has it. */
const here = <T>(of: T): T =>
  JSON.parse(JSON.stringify(of).replaceAll("198.51.100.0/24", `${OFFICE}/32`)) as T;

const pathOf = ({ kind, metadata: { namespace } }: WrittenObject) =>
  `${namespace === undefined ? "" : `/namespaces/${namespace}`}/${kind.toLowerCase()}s`;

class Cooking {
  readonly #recipe: Recipe;
  #request = "";
  #token = "";

  constructor(of: Recipe) {
    this.#recipe = of;
  }

  async take({ who, groups, act }: CookbookStep): Promise<string> {
    const credential = world.token(who, { groups, email: who });
    const ask = apiOf(world.gateway, credential);
    switch (act.kind) {
      case "login": {
        const password = act.withToken ? this.#token : credential;
        return login(act.database, act.role, password, PLACES[act.from ?? ""] ?? ELSEWHERE);
      }
      case "ask": {
        const { offer, breakGlass } = act;
        const body = { offer, duration: "30m", reason: "ticket 4711", breakGlass };
        const answer = await ask("POST", `/namespaces/${NAMESPACE}/accessrequests`, body);
        if (answer.status === 201) this.#request = String(answer.body.id);
        return stateOf(answer);
      }
      case "answer": {
        const body = { note: "as the page has it" };
        return stateOf(await ask("POST", `/accessrequests/${this.#request}/${act.verb}`, body), act.verb);
      }
      case "apply": {
        const object = this.#recipe.attempts.get(act.key) ?? assert.fail(act.key);
        const answer = await ask("POST", pathOf(object), object);
        return answer.status === 201 ? "created" : String(answer.body.code);
      }
      case "may": {
        const { body } = await ask("POST", "/can-i", act.asked);
        return body.allowed === true ? "yes" : "no";
      }
      case "who-can": {
        const asked = { verb: "connect", resource: "databases", name: act.name, namespace: NAMESPACE };
        return (await ask("POST", "/who-can", asked)).status === 200 ? "yes" : "no";
      }
      case "make-token": {
        const answer = await ask("POST", "/tokens", here(this.#recipe.token));
        if (answer.status !== 201) return String(answer.body.code);
        this.#token = String(answer.body.token);
        return "created";
      }
      case "wait":
      case "http":
        throw new Error(
          "not here: the clock of a real gateway is nobody's to turn, and there is no REST door",
        );
      default:
        return act satisfies never;
    }
  }
}

/** Whether a login becomes the role, from one of the machine's addresses. */
async function login(database: string, role: string, password: string, from: string): Promise<string> {
  const client = new pg.Client({
    host: "localhost",
    port: world.gateway.port,
    database,
    user: role,
    password,
    ssl: { ca: world.ca },
    stream: () => socketFrom(from),
  });
  try {
    await client.connect();
  } catch (error) {
    assert.ok(REFUSED.has(String((error as { code?: unknown }).code)), String(error));
    return "no";
  }
  const { rows } = await client.query("SELECT session_user, current_database() AS database");
  assert.deepEqual(rows, [{ session_user: role, database }]);
  await client.end();
  return "yes";
}

/** A socket that connects from this address. */
function socketFrom(localAddress: string): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket);
  socket.connect = ((port: number) =>
    connect({ port, host: "127.0.0.1", localAddress })) as Socket["connect"];
  return socket;
}

function stateOf({ status, body }: ApiAnswer, verb?: string): string {
  if (status >= 400) return String(body.code);
  return verb === "review" && body.review !== undefined ? "reviewed" : String(body.state);
}

/** Up to where the clock would have to be turned. */
function stepsOf({ steps }: Recipe): readonly CookbookStep[] {
  const wait = steps.findIndex(({ act }) => act.kind === "wait");
  return wait === -1 ? steps : steps.slice(0, wait);
}

for (const number of [1, 4, 5, 6, 7, 8, 9]) {
  const each = recipe(number);
  test(`recipe ${each.title}`, async () => {
    for (const object of each.objects) await world.put(here(object));
    const cooking = new Cooking(each);
    for (const step of stepsOf(each)) {
      const { who, groups, does, answer } = step;
      assert.equal(await cooking.take(step), answer, `${who} (${groups.join(", ")}) ${does}`);
    }
    for (const object of [...each.objects, ...each.attempts.values()])
      await world.administrator("DELETE", `${pathOf(object)}/${object.metadata.name}`);
  });
}
