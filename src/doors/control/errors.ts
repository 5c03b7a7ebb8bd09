import type { ErrorSpec } from "../../base/error.ts";

/** Why a request was not answered as it wished. Codes are stable and never reused. */
export type ControlErrorCode = "control/unauthorized" | "control/not-found" | "control/failed";

export const controlErrors: Readonly<Record<ControlErrorCode, ErrorSpec>> = {
  "control/unauthorized": {
    sqlstate: "28000",
    http: 401,
    publicMessage: "this needs the administrator's token; send it as `Authorization: Bearer …`",
  },
  "control/not-found": { sqlstate: "42704", http: 404, publicMessage: "there is nothing here" },
  "control/failed": {
    sqlstate: "XX000",
    http: 500,
    publicMessage: "the answer could not be made; the log says why",
  },
};
