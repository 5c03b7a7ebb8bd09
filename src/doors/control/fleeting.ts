/** Says of an answer that it is true now, and is for nobody's cache, nor to be taken for anything else than it says. */
export function fleeting(response: Response): Response {
  response.headers.set("cache-control", "no-store");
  response.headers.set("x-content-type-options", "nosniff");
  return response;
}
