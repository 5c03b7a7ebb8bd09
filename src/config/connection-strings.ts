import type { Path } from "./errors.ts";
import { pathText } from "./errors.ts";
import type { Findings } from "./prepare.ts";
import { parseServerList } from "./server-list.ts";
import type { Tree } from "./tree.ts";
import { isTree, setAt, valueAt } from "./tree.ts";

/**
 * Replaces the `uri` of each cluster by the settings that it stands for. A setting that is written as well is a fault:
 * one of the two would be ignored, and that could be the one which verifies the server.
 * @param standsFor is told which settings came out of which `uri`
 */
export function resolveUris(
  value: unknown,
  findings: Findings,
  standsFor: (path: Path, uri: Path) => void,
): unknown {
  const clusters = valueAt(value, ["clusters"]);
  if (!isTree(value) || !Array.isArray(clusters)) return value;
  const resolved = clusters.map((cluster: unknown, index) => {
    if (!isTree(cluster) || Array.isArray(cluster)) return cluster;
    return resolveCluster(cluster, ["clusters", index], findings, standsFor);
  });
  return setAt(value, ["clusters"], resolved);
}

function resolveCluster(
  cluster: Record<string, unknown>,
  base: Path,
  findings: Findings,
  standsFor: (path: Path, uri: Path) => void,
): unknown {
  const { uri, ...rest } = cluster;
  if (uri === undefined && rest["hosts"] === undefined)
    findings.fault([...base, "hosts"], "is missing; list the servers here, or give them as uri");
  if (typeof uri !== "string") return cluster;
  const parsed = parseServerList(uri);
  if (parsed.kind === "fault") {
    findings.fault([...base, "uri"], parsed.message);
    return cluster;
  }
  let tree: Tree = rest;
  for (const { path, value } of parsed.list.settings) {
    const whole = [...base, ...path];
    if (valueAt(rest, path) !== undefined)
      findings.fault(
        [...base, "uri"],
        `says the same as ${pathText(path)}, which is written too; keep one of them`,
      );
    // Something else than a map where a map belongs is left for the schema to refuse.
    const around = valueAt(rest, path.slice(0, -1));
    if (around === undefined || isTree(around)) tree = setAt(tree, path, value) ?? tree;
    standsFor(whole, [...base, "uri"]);
  }
  return tree;
}
