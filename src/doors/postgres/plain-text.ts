import { isLoopback } from "../../base/address.ts";
import type { PostgresDoorConfig } from "../../config/schema.ts";

/**
 * Whether a packet may come without TLS. A cancel request may come from everywhere that plain text is not ruled out:
 * clients before libpq 17 send it so, whatever their session uses, and it holds no more than its own key, which is
 * good for one session. PostgreSQL takes it as well.
 */
export function plainTextAllowed(
  allowed: PostgresDoorConfig["plainText"],
  address: string,
  packet: "startup" | "cancel",
): boolean {
  switch (allowed) {
    case "always":
      return true;
    case "never":
      return false;
    case "loopback":
      return packet === "cancel" || isLoopback(address);
    default:
      return allowed satisfies never;
  }
}
