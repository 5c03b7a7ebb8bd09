import { createSecureContext } from "node:tls";
import { createAuthority } from "../../../src/demo/authority.ts";
import type { ServerCertificate } from "../../../src/wire/certificate.ts";

/** Two certificates: before and after a renewal. */
export async function certificates(): Promise<[first: ServerCertificate, second: ServerCertificate]> {
  const authority = await createAuthority();
  const make = async (name: string) => {
    const options = await authority.server([name]);
    return { context: createSecureContext(options), options, notAfter: "" };
  };
  return [await make("first"), await make("second")];
}
