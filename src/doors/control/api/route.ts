/**
 * What a route of the API is. A route declares its permission, what it takes and what it answers in one value, from
 * which it is mounted, checked and described (OpenAPI); one without a permission does not compile.
 */
import { z } from "zod";
import type { Act, Operator } from "../../../access/operator.ts";
import type { Services } from "./services.ts";

/** Who may use a route. */
export type Need<Params> =
  /**
   * Whoever proved who they are; the route itself shows them no more than their own.
   * `tries`: the act in policy's words, for the record of whom what stands behind the route refused.
   */
  | { readonly kind: "identity"; readonly tries?: (params: Params) => Act }
  /** Whom policy lets do this. */
  | { readonly kind: "permission"; readonly act: (params: Params) => Act };

type Shape = z.ZodObject;
/** A route without such a part takes and answers nothing there. */
type Of<S extends z.ZodType | undefined> = S extends z.ZodType ? z.output<S> : undefined;

interface AnyRoute {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** As OpenAPI writes it: `/tokens/{id}`, under `/api/v1`. */
  readonly path: `/${string}`;
  /** `operationId`: a verb and a noun. */
  readonly id: string;
  /** One sentence. */
  readonly summary: string;
  /** The group in the description. */
  readonly tag: string;
  /** 200 by default; 204 for a route without an answer. */
  readonly status?: 201;
}

interface RouteParts<P extends Shape | undefined, Q extends Shape | undefined, B, A> extends AnyRoute {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly answer?: A;
}

/** What a request brought, checked. */
export interface Asked<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
}

/** A route for somebody who is known. */
interface KnownRoute<P extends Shape | undefined, Q extends Shape | undefined, B, A>
  extends RouteParts<P, Q, B, A> {
  readonly need: Need<Of<P>>;
  readonly handle: (
    operator: Operator,
    asked: Asked<Of<P>, Of<Q>, B extends z.ZodType ? z.output<B> : undefined>,
    services: Services,
  ) => Promise<A extends z.ZodType ? z.input<A> : void>;
}

/** A route as the mounting sees it: any. */
export interface Route extends AnyRoute {
  readonly need: Need<never>;
  readonly params?: Shape | undefined;
  readonly query?: Shape | undefined;
  readonly body?: z.ZodType | undefined;
  readonly answer?: z.ZodType | undefined;
  readonly handle: (operator: Operator, asked: never, services: Services) => Promise<unknown>;
}

/**
 * Checks the parts of a route against each other. What a request brings beyond them is refused: a mistyped `cidrs` would
 * otherwise be a token that is good from everywhere.
 */
export function route<
  P extends Shape | undefined = undefined,
  Q extends Shape | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
  A extends z.ZodType | undefined = undefined,
>(parts: KnownRoute<P, Q, B, A>): Route {
  const { query = z.object({}), body } = parts;
  return { ...parts, query: query.strict(), body: body instanceof z.ZodObject ? body.strict() : body };
}
