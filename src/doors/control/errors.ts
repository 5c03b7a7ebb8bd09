import type { ErrorSpec } from "../../base/error.ts";

/** Why a request was not answered as it wished. Codes are stable and never reused. */
export type ControlErrorCode =
  | "control/unauthorized"
  | "control/unauthenticated"
  | "control/forbidden"
  | "control/invalid"
  | "control/media-type"
  | "control/not-json"
  | "control/too-large"
  | "control/not-found"
  | "control/method"
  | "control/failed";

export const controlErrors: Readonly<Record<ControlErrorCode, ErrorSpec>> = {
  "control/unauthorized": {
    sqlstate: "28000",
    http: 401,
    publicMessage: "this needs the administrator's token; send it as `Authorization: Bearer …`",
  },
  "control/unauthenticated": {
    sqlstate: "28000",
    http: 401,
    publicMessage: "say who you are; send your token as `Authorization: Bearer …`",
  },
  "control/forbidden": { sqlstate: "42501", http: 403, publicMessage: "policy does not let you do this" },
  "control/invalid": {
    sqlstate: "22023",
    http: 400,
    publicMessage: "the request is not what this route takes; `errors` says where",
  },
  "control/media-type": {
    sqlstate: "22023",
    http: 415,
    publicMessage: "send JSON, with `Content-Type: application/json`",
  },
  "control/not-json": { sqlstate: "22023", http: 400, publicMessage: "the body is not JSON; correct it" },
  "control/too-large": {
    sqlstate: "22023",
    http: 413,
    publicMessage: "the body is larger than anything that this takes",
  },
  "control/not-found": { sqlstate: "42704", http: 404, publicMessage: "there is nothing here" },
  "control/method": {
    sqlstate: "42704",
    http: 405,
    publicMessage: "this path does not take that method; `Allow` names those that it takes",
  },
  "control/failed": {
    sqlstate: "XX000",
    http: 500,
    publicMessage: "the answer could not be made; the log says why",
  },
};
