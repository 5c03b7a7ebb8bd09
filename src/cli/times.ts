/** Times as people say them. */

import { spanText } from "../base/span.ts";

/** `in 28m` or `5m ago`. */
export function fromNow(time: string, now = Date.now()): string {
  const ms = Date.parse(time) - now;
  return ms >= 0 ? `in ${spanText(ms)}` : `${spanText(-ms)} ago`;
}
