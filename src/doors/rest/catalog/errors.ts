export type CatalogErrorCode =
  /** An exposed schema, or one of the search path, does not exist. */
  | "catalog/no-such-schema"
  /** The database answered something that makes no catalog. */
  | "catalog/unreadable";

/** Why no catalog could be made. Said to operators only; a client hears that the API is not ready. */
export class CatalogError extends Error {
  readonly code: CatalogErrorCode;

  constructor(code: CatalogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "CatalogError";
    this.code = code;
  }
}
