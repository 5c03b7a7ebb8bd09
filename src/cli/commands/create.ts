import type { Command } from "commander";
import { describe } from "../command.ts";
import { misuse } from "../failure.ts";
import type { Kind } from "../kinds.ts";
import { groupOf, kindOf, RBAC_GROUP } from "../kinds.ts";
import { namespaceOption, objectPath, titleOf } from "../objects.ts";
import type { ServerOptions } from "../server.ts";
import { apiOf, serverCommand } from "../server.ts";
import { print, printJson } from "../terminal.ts";

type Words = readonly string[];

interface Options extends ServerOptions {
  readonly namespace?: string;
  readonly dryRun?: boolean;
}

interface RoleOptions extends Options {
  readonly verb: Words;
  readonly resource?: Words;
  readonly resourceName?: Words;
  readonly nonResourceUrl?: Words;
}

interface BindingOptions extends Options {
  readonly role?: string;
  readonly clusterrole?: string;
  readonly user?: Words;
  readonly group?: Words;
  readonly serviceaccount?: Words;
}

/** `postern create`: makes roles and bindings from the command line, with kubectl's options. */
export function createCommand(): Command {
  const command = describe("create", "make roles and bindings, with kubectl's options", [
    "postern create rolebinding --help",
  ]);
  for (const child of [
    roleCommand("role", [
      "postern create role analysts -n shop --verb assume --resource databaseroles --resource-name analyst",
      "postern create role offers-editor -n shop --verb get,list,update --resource accessoffers --dry-run",
    ]),
    roleCommand("clusterrole", [
      "postern create clusterrole auditors --verb get,list --resource rolebindings,accessoffers",
    ]).option("--non-resource-url <path>", "a path; may be repeated, or several by commas", addWords),
    bindingCommand("rolebinding", [
      "postern create rolebinding analysts -n shop --role analysts --group analysts",
      "postern create rolebinding ada -n shop --clusterrole auditors --user https://login.example.com:ada",
    ]).option("--role <name>", "the Role to give"),
    bindingCommand("clusterrolebinding", [
      "postern create clusterrolebinding auditors --clusterrole auditors --group audit --serviceaccount ci:reports",
    ]),
  ])
    command.addCommand(child);
  return command.helpCommand(false);
}

function roleCommand(kind: "role" | "clusterrole", examples: Words): Command {
  return made(kind, "make a role of one rule for each API group", examples)
    .requiredOption("--verb <verb>", "what may be done; may be repeated, or several by commas", addWords)
    .option(
      "--resource <resource>",
      "on what: databases, roles.rbac.authorization.k8s.io; may be repeated",
      addWords,
    )
    .option("--resource-name <name>", "only on things of this name; may be repeated", addOne)
    .action((name: string, options: RoleOptions) =>
      create(kindOf(kind), name, options, { rules: rulesOf(options) }),
    );
}

function bindingCommand(kind: "rolebinding" | "clusterrolebinding", examples: Words): Command {
  return made(kind, "give a role to users, groups and service accounts", examples)
    .option("--clusterrole <name>", "the ClusterRole to give")
    .option(
      "--user <name>",
      "a user, <issuer>:<sub> unless the issuer's names are trusted; may be repeated",
      addOne,
    )
    .option("--group <name>", "a group; may be repeated", addOne)
    .option("--serviceaccount <namespace:name>", "a service account; may be repeated", addOne)
    .action((name: string, options: BindingOptions) =>
      create(kindOf(kind), name, options, { subjects: subjectsOf(options), roleRef: roleRefOf(options) }),
    );
}

function made(kind: string, summary: string, examples: Words): Command {
  const command = serverCommand(kind, summary, examples)
    .argument("<name>", "its name")
    .option("--dry-run", "print the object as YAML, and send nothing");
  return kindOf(kind).namespaced ? command.addOption(namespaceOption()) : command;
}

function addOne(word: string, words: Words = []): Words {
  return [...words, word];
}

function addWords(text: string, words: Words = []): Words {
  return [...words, ...text.split(",")];
}

async function create(kind: Kind, name: string, options: Options, content: object): Promise<void> {
  const { namespace, dryRun = false, json = false } = options;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  const object = { apiVersion: `${RBAC_GROUP}/v1`, kind: kind.kind, metadata, ...content };
  if (dryRun) return show(object, json);
  const answer = await (await apiOf(options)).post<object>(objectPath(kind, namespace), object);
  if (json) printJson(answer);
  else print(`${titleOf({ kind, name })} created`);
}

async function show(object: object, json: boolean): Promise<void> {
  if (json) return printJson(object);
  const { legibleYaml } = await import("../legible-yaml.ts");
  print(legibleYaml(object).trimEnd());
}

function rulesOf({
  verb: verbs,
  resource = [],
  resourceName = [],
  nonResourceUrl = [],
}: RoleOptions): object[] {
  if (resource.length + nonResourceUrl.length === 0)
    throw misuse("a role is about something; give --resource");
  const asked = resource.map((text) => {
    const dot = text.indexOf(".");
    return dot < 0
      ? { group: groupOf(text), name: text }
      : { group: text.slice(dot + 1), name: text.slice(0, dot) };
  });
  const groups = [...new Set(asked.map(({ group }) => group))];
  const rules = groups.map((group) => ({
    verbs,
    apiGroups: [group],
    resources: asked.filter((one) => one.group === group).map(({ name }) => name),
    ...(resourceName.length === 0 ? {} : { resourceNames: resourceName }),
  }));
  return nonResourceUrl.length === 0 ? rules : [...rules, { verbs, nonResourceURLs: nonResourceUrl }];
}

function roleRefOf({ role, clusterrole }: BindingOptions): object {
  if ((role === undefined) === (clusterrole === undefined))
    throw misuse("give one role: --role or --clusterrole");
  return role === undefined
    ? { apiGroup: RBAC_GROUP, kind: "ClusterRole", name: clusterrole }
    : { apiGroup: RBAC_GROUP, kind: "Role", name: role };
}

function subjectsOf({ user = [], group = [], serviceaccount = [] }: BindingOptions): object[] {
  const named = (kind: string) => (name: string) => ({ apiGroup: RBAC_GROUP, kind, name });
  const subjects = [
    ...user.map(named("User")),
    ...group.map(named("Group")),
    ...serviceaccount.map(accountOf),
  ];
  if (subjects.length === 0) throw misuse("nobody is named; give --user, --group or --serviceaccount");
  return subjects;
}

function accountOf(text: string): object {
  const [namespace, name, ...more] = text.split(":");
  if (!namespace || !name || more.length > 0)
    throw misuse(`--serviceaccount "${text}" is none; write namespace:name`);
  return { kind: "ServiceAccount", namespace, name };
}
