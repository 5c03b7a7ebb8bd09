import type { Catalog, MediaHandler, MediaSource, QualifiedName } from "../types.ts";

/** Handlers of a relation's rows: its own before those for any relation, since the special goes before the general. */
export function tableHandlers(catalog: Catalog, table: QualifiedName): readonly MediaHandler[] {
  return [
    ...catalog.mediaHandlers.filter(({ handles }) => isOf(handles, table)),
    ...catalog.mediaHandlers.filter(({ handles }) => handles.kind === "any-element"),
  ];
}

/** Handlers that are the routine itself. Of a routine that returns rows, ask for those of the rows. */
export function routineHandlersOf(catalog: Catalog, routine: QualifiedName): readonly MediaHandler[] {
  return catalog.mediaHandlers.filter(
    ({ handles }) => handles.kind === "routine" && isSame(handles.routine, routine),
  );
}

function isOf(handles: MediaSource, table: QualifiedName): boolean {
  return handles.kind === "table" && isSame(handles.table, table);
}

function isSame(a: QualifiedName, b: QualifiedName): boolean {
  return a.schema === b.schema && a.name === b.name;
}
