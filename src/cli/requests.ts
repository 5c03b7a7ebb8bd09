/** Access requests and grants, as commands show them and act on them. */

import type { Command } from "commander";
import { spanText } from "../base/span.ts";
import type { RequestAnswer } from "../doors/control/api/routes/requests.ts";
import type { Api } from "./api.ts";
import { pathTo } from "./api.ts";
import type { ServerOptions } from "./server.ts";
import { apiOf, serverCommand } from "./server.ts";
import { print, printJson } from "./terminal.ts";
import { legible, table } from "./text.ts";
import { fromNow } from "./times.ts";

/** In examples, where there would be one of your own. */
export const EXAMPLE_ID = "5f0c6a91d2be4e07";

/** The path of a request, and of what is done to it. */
export function requestPath(id: string, deed?: string): string {
  return pathTo("accessrequests", id, ...(deed === undefined ? [] : [deed]));
}

/** Requests in a table. */
export function requestTable(requests: readonly RequestAnswer[]): string {
  const heads = ["ID", "STATE", "OFFER", "REQUESTER", "FOR", "WHEN", "REASON"];
  return table(
    heads,
    requests.map((request) => [
      request.id,
      stateText(request),
      `${request.namespace}/${request.offer}`,
      request.requester.username,
      spanText(request.duration),
      whenText(request),
      request.reason,
    ]),
  );
}

function stateText({ state, approvals, approvalsNeeded, reviewNeeded, review }: RequestAnswer): string {
  if (reviewNeeded && review === undefined) return `${state}, unreviewed`;
  return state === "pending" && approvalsNeeded > 1
    ? `pending ${approvals.length}/${approvalsNeeded}`
    : state;
}

/** What is next, or what was last. */
function whenText({ state, answerBy, until, closed }: RequestAnswer): string {
  if (state === "pending") return `lapses ${fromNow(answerBy)}`;
  if (closed !== undefined) return fromNow(closed.at);
  return until === undefined ? "" : `ends ${fromNow(until)}`;
}

/** Everything that matters about one request, a line each. */
export function requestText(request: RequestAnswer): string {
  const { requester, role, duration, reason, approvals, approvalsNeeded, closed, until, review } = request;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ["request", `${request.id}, ${request.state}`],
    ["offer", `${request.namespace}/${request.offer}, which gives ${role.kind} ${role.name}`],
    ["requester", `${requester.username} (${requester.issuer}:${requester.subject})`],
    ["for", `${spanText(duration)}${request.way === "break-glass" ? ", taken in an emergency" : ""}`],
    ["reason", reason],
    ["extends", request.extends],
    ["approvals", request.way === "approvals" ? `${approvals.length} of ${approvalsNeeded}` : undefined],
    ...approvals.map(
      ({ by, at, note }) => ["approved", `by ${by.username} ${fromNow(at)}${noted(note)}`] as const,
    ),
    ["lapses", request.state === "pending" ? fromNow(request.answerBy) : undefined],
    ["ends", until !== undefined && closed === undefined ? `${fromNow(until)}, at ${until}` : undefined],
    ["closed", closed && closedText(closed)],
    ["reviewed", review && `by ${review.by.username} ${fromNow(review.at)}${noted(review.note)}`],
    ["review", request.reviewNeeded && review === undefined ? "is due" : undefined],
    ["digest", request.digest],
  ];
  return lines
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(10)} ${legible(value)}`]))
    .join("\n");
}

/** How each event that closes a request is told. */
const CLOSED: Readonly<Record<string, string>> = {
  deny: "denied",
  withdraw: "withdrawn",
  lapse: "unanswered",
  change: "void, as what is offered has changed",
  expire: "its time is over",
  revoke: "revoked",
  cut: "cut in an emergency",
};

function closedText({ how, by, at, note }: NonNullable<RequestAnswer["closed"]>): string {
  const who = by === "system" ? "" : ` by ${by}`;
  return `${CLOSED[how] ?? how}${who}, ${fromNow(at)}${noted(note)}`;
}

function noted(note: string | undefined): string {
  return note === undefined ? "" : `: ${note}`;
}

/** What has become of a request, in a line. */
export function outcomeText(request: RequestAnswer): string {
  const { id, state, until, approvals, approvalsNeeded } = request;
  const what = `request ${id} is ${state}`;
  if (state === "active" && until !== undefined) return `${what}: it ends ${fromNow(until)}, at ${until}`;
  if (state !== "pending") return what;
  const missing = approvalsNeeded - approvals.length;
  return `${what}: it needs ${missing} more approval${missing === 1 ? "" : "s"}, and lapses ${fromNow(request.answerBy)}`;
}

/** Tells what has become of a request, or all of it. */
export function printOutcome(request: RequestAnswer, json: boolean | undefined): void {
  if (json === true) printJson(request);
  else print(legible(outcomeText(request)));
}

interface Noted extends ServerOptions {
  readonly note?: string;
}

/** A command that does one thing to a request, and may say why. */
export function deedCommand(deed: string, summary: string, note: string): Command {
  return serverCommand(deed, summary, [
    `postern ${deed} ${EXAMPLE_ID}`,
    `postern ${deed} ${EXAMPLE_ID} --note "${note}"`,
  ])
    .argument("<id>", "the request's id")
    .option("--note <text>", "why: shown to those concerned, and kept")
    .action(async (id: string, options: Noted) => {
      const api = await apiOf(options);
      printOutcome(await act(api, id, deed, { note: options.note }), options.json);
    });
}

/** Does something to a request. */
export function act(api: Api, id: string, deed: string, body: object): Promise<RequestAnswer> {
  return api.post(requestPath(id, deed), body);
}
