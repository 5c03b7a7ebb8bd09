import { isDeepStrictEqual } from "node:util";
import type { Command } from "commander";
import type { ObjectAnswer } from "../../doors/control/api/routes/policy.ts";
import type { Api } from "../api.ts";
import { Failure } from "../failure.ts";
import type { Written } from "../objects.ts";
import { filesOption, objectPath, readObjects, titleOf } from "../objects.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print, printJson } from "../terminal.ts";

interface Options extends ServerOptions {
  readonly filename?: readonly string[];
}

type Outcome = "created" | "configured" | "unchanged";

/** `postern apply`: brings objects of policy to what files say. */
export function applyCommand(): Command {
  return serverCommand(
    "apply",
    "make or replace the objects of policy that files hold; all are checked first",
    ["postern apply -f policy.yaml", "postern get rolebindings -A -o yaml | postern apply -f -"],
  )
    .addOption(filesOption())
    .action(apply);
}

async function apply(options: Options): Promise<void> {
  const objects = await readObjects(options.filename);
  const api = await apiOf(options);
  const done: {
    readonly object: string;
    readonly namespace?: string | undefined;
    readonly outcome: Outcome;
  }[] = [];
  const failures: string[] = [];
  for (const written of objects) {
    try {
      const outcome = await put(api, written);
      done.push({ object: titleOf(written), namespace: written.namespace, outcome });
      if (options.json !== true) print(`${titleOf(written)} ${outcome}`);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failures.push(
        ...error.messages.map((message, line) => (line === 0 ? `${titleOf(written)}: ${message}` : message)),
      );
    }
  }
  if (options.json === true) printJson({ items: done });
  if (failures.length > 0) throw new Failure(failures);
}

/** Makes an object, or replaces the state of it that was seen here. */
async function put(api: Api, { kind, namespace, name, object }: Written): Promise<Outcome> {
  const path = objectPath(kind, namespace, name);
  const found = await api.find<ObjectAnswer>(path);
  if (found === undefined) {
    await api.post(objectPath(kind, namespace), unversioned(object));
    return "created";
  }
  if (isDeepStrictEqual(unversioned(found.object), unversioned(object))) return "unchanged";
  const { resourceVersion } = metadataOf(found.object);
  await api.put(path, { ...object, metadata: { resourceVersion, ...metadataOf(object) } });
  return "configured";
}

function unversioned(object: Written["object"]): Record<string, unknown> {
  const { resourceVersion: _, ...metadata } = metadataOf(object);
  return { ...object, metadata };
}

function metadataOf(object: Written["object"]): Record<string, unknown> {
  return object["metadata"] as Record<string, unknown>; // what was understood as an object has them
}
