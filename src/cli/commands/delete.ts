import type { Command } from "commander";
import { misuse } from "../failure.ts";
import { kindOf } from "../kinds.ts";
import type { Written } from "../objects.ts";
import { filesOption, namespaceOption, objectPath, readObjects, titleOf } from "../objects.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print, printJson } from "../terminal.ts";

interface Options extends ServerOptions {
  readonly namespace: string;
  readonly filename?: readonly string[];
}

type Named = Omit<Written, "object">;

/** `postern delete`: deletes objects of policy, and ends the sessions that have no right any more. */
export function deleteCommand(): Command {
  return serverCommand("delete", "delete objects of policy; sessions that have no right any more end", [
    "postern delete rolebinding readers -n shop",
    "postern delete -f policy.yaml",
  ])
    .argument("[kind]", "role, clusterrole, rolebinding, clusterrolebinding or accessoffer")
    .argument("[name]", "its name")
    .addOption(namespaceOption())
    .addOption(filesOption())
    .action(remove);
}

async function remove(kind: string | undefined, name: string | undefined, options: Options): Promise<void> {
  const objects = await chosen(kind, name, options);
  const api = await apiOf(options);
  for (const object of objects) {
    await api.delete(objectPath(object.kind, object.namespace, object.name));
    if (options.json !== true) print(`${titleOf(object)} deleted`);
  }
  if (options.json === true) printJson({ items: objects.map((object) => ({ object: titleOf(object) })) });
}

async function chosen(
  kind: string | undefined,
  name: string | undefined,
  options: Options,
): Promise<readonly Named[]> {
  const { filename, namespace } = options;
  if (kind === undefined) return (await readObjects(filename)).toReversed(); // bindings before their roles
  if (filename !== undefined) throw misuse("give either a kind and a name, or -f");
  if (name === undefined) throw misuse(`name one: postern delete ${kind} <name>`);
  return [{ kind: kindOf(kind), namespace, name }];
}
