/** What a notification on the channel asks for, in PostgREST's words; any other was meant for somebody else. */
export function asksFor(payload: string): { readonly config: boolean; readonly catalog: boolean } {
  return {
    config: payload === "" || payload === "reload config",
    catalog: payload === "" || payload === "reload schema",
  };
}

/** "PostgreSQL Error Codes": undefined_column, undefined_table, undefined_function, undefined_object. */
const UNKNOWN: ReadonlySet<string> = new Set(["42703", "42P01", "42883", "42704"]);

/** Whether the server's error may come from a catalog that names what is no longer there. */
export function looksStale(sqlstate: string): boolean {
  return UNKNOWN.has(sqlstate);
}
