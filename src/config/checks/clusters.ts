import type { Path } from "../errors.ts";
import { hostFault } from "../host-list.ts";
import type { Findings } from "../prepare.ts";
import type { ClusterConfig } from "../schema.ts";
import { isLoopback } from "./loopback.ts";
import type { Parts } from "./parts.ts";
import { checkUnique, eachRepeated, unknown } from "./parts.ts";
import { checkRemote } from "./remote-decision.ts";

/** What the schema cannot see of clusters: TLS and logins that don't go together, names, references. */
export function checkClusters(parts: Parts, findings: Findings): void {
  for (const { index, config } of parts.clusters) {
    const base = ["clusters", index];
    checkHosts(config, base, findings);
    checkTls(config, base, findings);
    checkLogin(config, base, findings);
    checkDecision(config, [...base, "decide"], parts, findings);
  }
  checkUnique("clusters", parts.clusterNames, findings);
  checkServerNames(parts, findings);
}

function checkDecision({ decide }: ClusterConfig, base: Path, parts: Parts, findings: Findings): void {
  if (decide.mode === "remote") checkRemote(decide, base, parts, findings);
  else
    decide.issuers?.forEach((name, at) => {
      if (!parts.issuerNames.includes(name))
        findings.fault([...base, "issuers", at], unknown("issuer", name, parts.issuerNames));
    });
}

function checkHosts(cluster: ClusterConfig, base: Path, findings: Findings): void {
  cluster.hosts.forEach(({ host }, index) => {
    const fault = hostFault(host);
    if (fault !== undefined) findings.fault([...base, "hosts", index, "host"], fault);
  });
}

function checkTls(cluster: ClusterConfig, base: Path, findings: Findings): void {
  const { mode, negotiation, channelBinding, caFile } = cluster.tls;
  const fault = (name: string, message: string) => findings.fault([...base, "tls", name], message);
  const optional = mode === "disable" || mode === "prefer";
  // libpq refuses the same three.
  if (negotiation === "direct" && optional)
    fault("negotiation", `direct needs TLS, and tls.mode ${mode} may do without; use require or stronger`);
  if (channelBinding === "require" && mode === "disable")
    fault(
      "channelBinding",
      "require binds the login to TLS, and tls.mode is disable; use require or stronger",
    );
  if (caFile !== undefined && (optional || mode === "require"))
    fault(
      "caFile",
      `tls.mode ${mode} verifies nothing, so the file would be ignored; use verify-ca or verify-full`,
    );
  const remote = cluster.hosts.find(({ host }) => !isLoopback(host));
  if (remote !== undefined && (optional || mode === "require"))
    findings.warn(
      [...base, "tls", "mode"],
      `${mode} does not verify who answers at ${remote.host}; use verify-full, with caFile if the CA is your own`,
    );
}

function checkLogin(cluster: ClusterConfig, base: Path, findings: Findings): void {
  const { login, tls } = cluster;
  if (login.method === "certificate" && (tls.mode === "disable" || tls.mode === "prefer"))
    findings.fault(
      [...base, "login", "method"],
      `certificate logs in by TLS, and tls.mode ${tls.mode} may do without; use require or stronger`,
    );
  if (login.method !== "role-password") return;
  if (login.passwords === undefined && login.directory === undefined && login.environmentPrefix === undefined)
    findings.fault(
      [...base, "login"],
      "role-password has no source of passwords; give passwords, directory or environmentPrefix",
    );
}

function checkServerNames({ clusters }: Parts, findings: Findings): void {
  const serverNames = clusters.flatMap(({ index, config }) =>
    (config.serverNames ?? []).map((name, at) => ({ path: ["clusters", index, "serverNames", at], name })),
  );
  eachRepeated(
    serverNames,
    ({ name }) => name.toLowerCase(),
    ({ path, name }) =>
      findings.fault(path, `"${name}" leads to another cluster already; keep it in one place`),
  );
}
