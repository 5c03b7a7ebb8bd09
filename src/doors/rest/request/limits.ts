/**
 * Bounds on what one request may say, so that no text of a client costs more than its length and nothing recurses
 * further than the stack bears. PostgREST has none of them; they are far from what an honest client sends.
 */

/** Embedded relations within each other, and logic groups within each other. */
export const MAX_NESTING = 32;
/** PostgreSQL takes at most 1,664 columns in one select list ("PostgreSQL Limits"); the same bound for every list. */
export const MAX_ITEMS = 1664;
/** Parameters in a query string: more is a flood, not a question. */
export const MAX_PARAMETERS = 1000;
/** Arrays and objects within each other in a body. PostgreSQL's own parser gives up at some thousands. */
export const MAX_JSON_DEPTH = 512;
/** Media types in `Accept` and preferences in `Prefer` that are looked at. */
export const MAX_HEADER_ITEMS = 64;
/** Bytes of a body that are looked at before other requests get their turn: about two milliseconds. */
export const BODY_SLICE = 512 * 1024;
