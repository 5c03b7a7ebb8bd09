import type { Admission } from "../access/admission.ts";
import type { StartupParameters } from "./upstream.ts";

/** NAMEDATALEN - 1: application_name is cut there. */
const MAX_APPLICATION_NAME = 63;
/** What the server's log should not have to print in a line. */
const MAX_CLIENT = 200;
const CLIENT_SETTING = "postern.client";

/** Names that say who one is. The door refuses or reads them; one that is still here is our own mistake. */
const IDENTITY = new Set(["user", "database", "role", "session_authorization", "is_superuser"]);

/** The startup packet's parameters for an admission: who is admitted to what, then what the client asked for. */
export function startupParameters(admission: Admission, asked: StartupParameters): Map<string, string> {
  const parameters = new Map<string, string>([
    ["user", admission.role],
    ["database", admission.database],
  ]);
  if (admission.replication) parameters.set("replication", asked.get("replication") ?? "true");
  for (const [name, value] of asked) {
    if (IDENTITY.has(name.toLowerCase())) throw new TypeError(`${name} is not the client's to choose`);
    if (name !== "replication") parameters.set(name, value);
  }
  report(admission, parameters);
  return parameters;
}

/** Tells the server's log who is behind the role, where the cluster wants it. */
function report(admission: Admission, parameters: Map<string, string>): void {
  const { username, peer } = admission.session.facts;
  const client = `${printable(username)}@${printable(peer.address)}`;
  switch (admission.cluster.reportClient) {
    case "off":
      return;
    case "parameter":
      parameters.set(CLIENT_SETTING, client.slice(0, MAX_CLIENT));
      return;
    case "application_name":
      parameters.set("application_name", withClient(parameters.get("application_name") ?? "postern", client));
      return;
    default:
      admission.cluster.reportClient satisfies never;
  }
}

/** `name (client)`, with the name cut before the client is. */
function withClient(name: string, client: string): string {
  const suffix = ` (${client})`;
  const room = Math.max(0, MAX_APPLICATION_NAME - suffix.length);
  return (printable(name).slice(0, room) + suffix).slice(0, MAX_APPLICATION_NAME);
}

/** The server prints ASCII only here; a line break could forge a line of its log. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, "?");
}
