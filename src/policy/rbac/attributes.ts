/** What is asked of policy: may this user do that? */
import type { SubjectId } from "../../base/ids.ts";

/** Who asks, by the names that subjects of bindings have. Made of an identity by `userOf`, and nowhere else. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  /** Who exactly it is, where that was proved: two issuers may be trusted with the same name. */
  readonly id?: SubjectId | undefined;
}

/** Somebody's question. */
export type Attributes = Request & { readonly user: User };
export type ResourceAttributes = ResourceRequest & { readonly user: User };

/** A question, whoever asks. */
export type Request = ResourceRequest | PathRequest;

interface AnyRequest {
  /** `get`, `create`, `connect`, … Compared to the byte; `*` asks for all of them. */
  readonly verb: string;
  /** The address that the user comes from. Without it, grants that are bound to networks do not count. */
  readonly peer?: string | undefined;
}

/** A verb on a resource. */
export interface ResourceRequest extends AnyRequest {
  readonly apiGroup: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  /** None where there is none yet, or all are meant: `create`, `list`, `deletecollection`. */
  readonly name?: string | undefined;
  /** None: in no namespace, or in all of them. */
  readonly namespace?: string | undefined;
}

/** A verb on a path that is no resource (`/metrics`). */
export interface PathRequest extends AnyRequest {
  readonly path: string;
}
