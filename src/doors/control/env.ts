import type { HttpBindings } from "@hono/node-server";

/** What the framework knows of a request's connection. */
export type Env = { readonly Bindings: HttpBindings };
