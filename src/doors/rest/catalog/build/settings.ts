import { Fields } from "../read/fields.ts";
import type { IsolationLevel, RoleSettings, Setting } from "../types.ts";

/** The isolation level is a property of BEGIN, so it is kept apart from what is set inside the transaction. */
const ISOLATION = "default_transaction_isolation";

const LEVELS: readonly IsolationLevel[] = [
  "read uncommitted",
  "read committed",
  "repeatable read",
  "serializable",
];

/** What would make the transaction run as somebody else than was admitted. */
const FORBIDDEN: ReadonlySet<string> = new Set(["role", "session_authorization"]);

/** The SET clauses of a function that are to hold for its whole transaction. */
export function functionSettings(entries: readonly string[], hoisted: ReadonlySet<string>): RoleSettings {
  return settingsOf(entries.filter((entry) => hoisted.has(nameOf(entry))));
}

/** Settings by role. They come ordered so that one of this database follows, and replaces, one of all databases. */
export function readRoles(payloads: readonly string[]): ReadonlyMap<string, RoleSettings> {
  const entries = new Map<string, string[]>();
  for (const payload of payloads) {
    const row = Fields.parse(payload);
    entries.set(row.text(0), [...(entries.get(row.text(0)) ?? []), row.text(1)]);
  }
  return new Map([...entries].map(([role, list]) => [role, settingsOf(list)]));
}

/** `name=value`, as pg_proc.proconfig and pg_db_role_setting have them; a later one replaces an earlier one. */
function settingsOf(entries: readonly string[]): RoleSettings {
  const settings = new Map<string, string>();
  for (const entry of entries) {
    if (!FORBIDDEN.has(nameOf(entry))) settings.set(nameOf(entry), entry.slice(entry.indexOf("=") + 1));
  }
  const level = settings.get(ISOLATION)?.toLowerCase();
  settings.delete(ISOLATION);
  return {
    isolation: LEVELS.find((known) => known === level) ?? null,
    settings: [...settings].map(([name, value]): Setting => [name, value]),
  };
}

/** Names of settings are matched without regard to case ("Setting Parameters"). */
function nameOf(entry: string): string {
  return entry.slice(0, entry.indexOf("=")).toLowerCase();
}
