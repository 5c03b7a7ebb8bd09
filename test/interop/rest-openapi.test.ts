/** The description of the API, judged by a validator of Swagger 2.0 that knows nothing of us. */
import assert from "node:assert/strict";
import { test } from "node:test";
import SwaggerParser from "@apidevtools/swagger-parser";
import { startLibrary } from "./rest/library.ts";

type Document = Parameters<typeof SwaggerParser.validate>[0];

for (const mode of ["follow-privileges", "ignore-privileges"] as const)
  test(`the description of the API is valid Swagger 2.0 in mode ${mode}`, async () => {
    const world = await startLibrary({
      env: { PGRST_OPENAPI_MODE: mode, PGRST_OPENAPI_SECURITY_ACTIVE: "true" },
    });
    try {
      for (const schema of ["api", "archive"]) {
        const asked = await world.ask("GET /", { as: "web", headers: { "Accept-Profile": schema } });
        const { paths = {} } = await SwaggerParser.validate(asked.json() as Document);
        const shown = schema === "api" ? ["/films", "/notes", "/rpc/add"] : ["/boxes", "/rpc/count_boxes"];
        for (const path of shown) assert.ok(path in paths, `${path} is missing`);
      }
    } finally {
      await world.stop();
    }
  });

test("the validator knows a description that is not valid", async () => {
  const wrong = { swagger: "2.0", info: { title: "t", version: "1" }, paths: { "/films": { get: {} } } };
  await assert.rejects(SwaggerParser.validate(wrong as unknown as Document), /schema|required/i);
});
