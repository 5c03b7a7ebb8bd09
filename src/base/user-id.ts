/**
 * The id of a user in paths: issuer and subject in one segment, base64url of their JSON list. An issuer is mostly a URL, and
 * proxies do as they please with `%2F`.
 */
export function userIdOf({ issuer, subject }: { readonly issuer: string; readonly subject: string }): string {
  return Buffer.from(JSON.stringify([issuer, subject])).toString("base64url");
}
