/** What policy is asked about: `VERB RESOURCE[/NAME]`, as kubectl has it. */
import type { Command } from "commander";
import { Option } from "commander";
import { misuse } from "./failure.ts";
import { groupOf } from "./kinds.ts";
import { serverCommand } from "./server.ts";

export interface ActOptions {
  readonly namespace?: string;
  readonly apiGroup?: string;
  readonly subresource?: string;
}

/** A command that asks about `VERB RESOURCE[/NAME]`. */
export function actCommand(name: string, summary: string, examples: readonly string[]): Command {
  return serverCommand(name, summary, examples)
    .addOption(
      new Option("-n, --namespace <name>", "in this namespace; without it, in all of them").env(
        "POSTERN_NAMESPACE",
      ),
    )
    .option("--api-group <name>", "the resource's API group; by default the one that it is known in")
    .option("--subresource <name>", "a part of the resource")
    .argument("<verb>", "get, list, create, update, delete, connect, assume, approve, …")
    .argument("<resource>", "databases, databaseroles, rolebindings, …; or with a name: databases/main/shop");
}

/**
 * `databases/main/shop` is the database `main/shop`. A resource may say its group, as in
 * `rolebindings.rbac.authorization.k8s.io`.
 */
export function actOf(verb: string, text: string, { namespace, apiGroup, subresource }: ActOptions) {
  const slash = text.indexOf("/");
  const named = slash < 0 ? text : text.slice(0, slash);
  const name = slash < 0 ? undefined : text.slice(slash + 1);
  const dot = named.indexOf(".");
  const resource = dot < 0 ? named : named.slice(0, dot);
  if (resource === "" || name === "")
    throw misuse(`"${text}" is no resource; write databases or databases/main/shop`);
  const group = apiGroup ?? (dot < 0 ? groupOf(resource) : named.slice(dot + 1));
  return { verb, resource, apiGroup: group, subresource, name, namespace };
}
