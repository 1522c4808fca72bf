// What the edge says of itself is OpenAPI 3.1. That its answers are as it says, the crate's tests and schemathesis show.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Validator } from "@seriousme/openapi-schema-validator";
import { ask } from "./edge.mjs";

test("the description is OpenAPI 3.1, for everybody, and cached", async () => {
  const { status, headers, json } = await ask("/openapi.json", { headers: { origin: "https://tool.example" } });
  assert.deepEqual([status, headers["content-type"], headers["access-control-allow-origin"]], [200, "application/json", "*"]);
  assert.match(headers["cache-control"], /max-age=300/);
  const { valid, errors } = await new Validator().validate(json);
  assert.ok(valid, JSON.stringify(errors));
  assert.equal(json.openapi, "3.1.0");
  const ids = Object.values(json.paths).flatMap((item) => Object.values(item).map(({ operationId }) => operationId).filter(Boolean));
  assert.equal(new Set(ids).size, ids.length, "each operation has a name of its own");
  assert.ok(ids.length > 40);
});
