import type { Command } from "commander";
import { spanText } from "../../base/span.ts";
import type { OfferAnswer } from "../../doors/control/api/routes/requests.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print, printJson, tell } from "../terminal.ts";
import { table } from "../text.ts";

/** `postern offers`: what the asker could ask for. */
export function offersCommand(): Command {
  return serverCommand("offers", "list what you could ask for", [
    "postern offers",
    "postern offers --json",
  ]).action(async (options: ServerOptions) => {
    const api = await apiOf(options);
    const listed = await api.get<{ readonly items: readonly OfferAnswer[] }>("/offers");
    if (options.json === true) return printJson(listed);
    if (listed.items.length === 0) return tell("nothing is offered to you");
    print(table(["NAME", "NAMESPACE", "GIVES", "AT MOST", "HOW", "DESCRIPTION"], listed.items.map(row)));
  });
}

function row(offer: OfferAnswer): readonly string[] {
  const { name, namespace, role, maxDuration, description = "" } = offer;
  return [name, namespace, `${role.kind}/${role.name}`, spanText(maxDuration), howText(offer), description];
}

function howText({ approvals, canRequest, preapproved, canBreakGlass, reasonRequired }: OfferAnswer): string {
  const ways = [
    preapproved ? "at once" : canRequest ? `${approvals} approval${approvals === 1 ? "" : "s"}` : undefined,
    canBreakGlass ? "break-glass" : undefined,
  ].filter((way) => way !== undefined);
  return `${ways.join(" or ")}${reasonRequired ? ", with a reason" : ""}`;
}
