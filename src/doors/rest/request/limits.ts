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
/**
 * Keys of one object that stands for a row or for arguments. Each is remembered, which takes ten times its room in the
 * body; no table or function has names for a tenth of them, but a function of one JSON value may be given a map.
 */
export const MAX_KEYS = 100_000;
/** Bytes of the JSON that CSV becomes: twice the longest body that is taken by default. */
export const MAX_CSV_JSON = 128 * 1024 * 1024;
/** Bytes of a form. It is decoded in one go, while all other requests wait: a tenth of a second for this much. */
export const MAX_FORM = 8 * 1024 * 1024;
/** Media types in `Accept` and preferences in `Prefer` that are looked at. */
export const MAX_HEADER_ITEMS = 64;
/** Bytes of a body that are looked at before other requests get their turn: about two milliseconds. */
export const BODY_SLICE = 512 * 1024;
/** Bytes that are written of a body before other requests get their turn: about as long. */
export const WRITTEN_SLICE = 4 * 1024 * 1024;
