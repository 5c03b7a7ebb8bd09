import { setTimeout as pause } from "node:timers/promises";
import type { Command } from "commander";
import type { OfferAnswer, RequestAnswer } from "../../doors/control/api/routes/requests.ts";
import type { Api } from "../api.ts";
import { pathTo } from "../api.ts";
import { Failure, misuse } from "../failure.ts";
import { act, EXAMPLE_ID, outcomeText, printOutcome, requestPath } from "../requests.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { tell } from "../terminal.ts";

interface Options extends ServerOptions {
  readonly for: string;
  readonly reason?: string;
  readonly namespace?: string;
  readonly breakGlass?: boolean;
  readonly extend?: string;
  readonly wait?: boolean;
}

/** How often a request that is waited for is looked at: people answer, and they take minutes. */
const LOOK_EVERY_MS = 2000;

/** `postern request`: asks for what is offered. */
export function requestCommand(): Command {
  return serverCommand("request", "ask for access that is offered, for a while", [
    'postern request orders-rw --for 30m --reason "ticket 4711"',
    'postern request orders-ro -n shop --for 1h --reason "ticket 4711" --wait && echo go',
    'postern request orders-rw --for 15m --reason "orders are stuck" --break-glass',
    `postern request --extend ${EXAMPLE_ID} --for 30m --reason "not done yet"`,
  ])
    .argument("[offer]", "the offer's name, as `postern offers` lists it")
    .requiredOption("--for <duration>", "how long: 30m, 8h")
    .option("--reason <text>", "why: shown to those who approve, and kept")
    .option("-n, --namespace <name>", "the offer's namespace, where several have one of the name")
    .option("--break-glass", "take it at once, and answer for it afterwards")
    .option("--extend <id>", "ask for a grant of yours to go on")
    .option("--wait", "wait until somebody has answered; exit code 1 unless it was a yes")
    .action(request);
}

async function request(offer: string | undefined, options: Options): Promise<void> {
  if ((offer === undefined) === (options.extend === undefined))
    throw misuse("give either the name of an offer, or --extend with the id of a grant");
  const api = await apiOf(options);
  const { for: duration, reason, extend } = options;
  const asked = await (extend === undefined
    ? ask(api, offer ?? "", options)
    : act(api, extend, "extend", { duration, reason }));
  printOutcome(options.wait === true ? await answered(api, asked) : asked, options.json);
}

async function ask(api: Api, offer: string, options: Options): Promise<RequestAnswer> {
  const { for: duration, reason, breakGlass = false } = options;
  const namespace = options.namespace ?? (await namespaceOf(api, offer));
  return api.post(pathTo("namespaces", namespace, "accessrequests"), { offer, duration, reason, breakGlass });
}

/** Where the offer is, when only one has the name. */
async function namespaceOf(api: Api, offer: string): Promise<string> {
  const { items } = await api.get<{ readonly items: readonly OfferAnswer[] }>("/offers");
  const [found, ...others] = items.filter(({ name }) => name === offer);
  if (found === undefined)
    throw new Failure(`nothing of the name "${offer}" is offered to you; see "postern offers"`);
  if (others.length === 0) return found.namespace;
  const namespaces = [found, ...others].map(({ namespace }) => namespace).join(", ");
  throw misuse(`"${offer}" is offered in several namespaces; choose with -n: ${namespaces}`);
}

/** The request once it is pending no more. @throws Failure when that is no grant */
async function answered(api: Api, asked: RequestAnswer): Promise<RequestAnswer> {
  let request = asked;
  if (request.state === "pending") tell(outcomeText(request));
  while (request.state === "pending") {
    await pause(LOOK_EVERY_MS);
    request = await api.get(requestPath(request.id));
  }
  if (request.startsAt !== undefined) return request;
  const { id, state, closed } = request;
  throw new Failure(`request ${id} is ${state}${closed?.note === undefined ? "" : `: ${closed.note}`}`);
}
