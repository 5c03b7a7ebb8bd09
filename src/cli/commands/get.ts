import type { Command } from "commander";
import { Option } from "commander";
import type { ObjectAnswer } from "../../doors/control/api/routes/policy.ts";
import { kindOf } from "../kinds.ts";
import { namespaceOption, objectPath, summaryOf } from "../objects.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print, printJson, tell } from "../terminal.ts";
import { table } from "../text.ts";

interface Options extends ServerOptions {
  readonly namespace: string;
  readonly allNamespaces?: boolean;
  readonly output?: "yaml" | "json";
}

/** `postern get`: objects of policy, as they are in force. */
export function getCommand(): Command {
  return serverCommand("get", "list the objects of policy of a kind, or show one", [
    "postern get rolebindings -A",
    "postern get clusterroles -o yaml > clusterroles.yaml",
    "postern get accessoffer orders-rw -n shop -o yaml",
  ])
    .argument("<kind>", "roles, clusterroles, rolebindings, clusterrolebindings or accessoffers")
    .argument("[name]", "one of them")
    .addOption(namespaceOption())
    .option("-A, --all-namespaces", "of all namespaces")
    .addOption(new Option("-o, --output <format>", "print the objects whole").choices(["yaml", "json"]))
    .action(get);
}

async function get(kindText: string, name: string | undefined, options: Options): Promise<void> {
  const kind = kindOf(kindText);
  const { json, output = json === true ? "json" : undefined } = options;
  const namespace = options.allNamespaces === true && name === undefined ? undefined : options.namespace;
  const api = await apiOf(options);
  const path = objectPath(kind, namespace, name);
  const answer = await api.get<ObjectAnswer | { readonly items: readonly ObjectAnswer[] }>(path);
  const items = "items" in answer ? answer.items : [answer];
  if (output !== undefined) return printWhole(output, "items" in answer ? listOf(items) : answer.object);
  if (items.length === 0)
    return tell(
      `there are no ${kind.resource} ${namespace === undefined ? "" : `in namespace "${namespace}"`}`.trim(),
    );
  print(table(["NAMESPACE", "NAME", "FROM", "WHAT"], items.map(row)));
}

async function printWhole(output: "yaml" | "json", value: unknown): Promise<void> {
  if (output === "json") return printJson(value);
  const { legibleYaml } = await import("../legible-yaml.ts");
  print(legibleYaml(value).trimEnd());
}

/** As kubectl writes several objects, and `apply` reads them. */
function listOf(items: readonly ObjectAnswer[]): object {
  return { apiVersion: "v1", kind: "List", items: items.map(({ object }) => object) };
}

function row(item: ObjectAnswer): readonly string[] {
  const { name, namespace = "" } = item.object["metadata"] as {
    readonly name: string;
    readonly namespace?: string;
  };
  return [namespace, name, item.source, summaryOf(item)];
}
