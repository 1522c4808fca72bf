// The SDK's files come compressed, with types that browsers insist on, and for ever where the name says so.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { ask, problem } from "./edge.mjs";

const hash = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 16);
const get = (path, accepted, { headers, ...more } = {}) => {
  return ask(path, { headers: { ...(accepted !== undefined && { "accept-encoding": accepted }), ...headers }, ...more });
};

/** The names as a browser finds them: the loader names both. */
const core = `/${/waymark\/core\.[0-9a-f]{16}\.js/.exec((await get("/waymark.js", "identity")).text)[0]}`;
const engine = `/${/waymark\/engine\.[0-9a-f]{16}\.wasm/.exec((await get("/waymark.js", "identity")).text)[0]}`;
const SCRIPT = "text/javascript; charset=utf-8";
const FOR_EVER = "public, max-age=31536000, immutable";

for (const [path, type, cache] of [
  ["/waymark.js", SCRIPT, "public, max-age=300, stale-while-revalidate=86400"],
  [core, SCRIPT, FOR_EVER],
  [engine, "application/wasm", FOR_EVER],
]) {
  const name = path.replace(/\.[0-9a-f]{16}/, "");

  test(`${name} is what its name and tag say, in every encoding`, async () => {
    const { body: plain, headers } = await get(path, "identity");
    assert.equal(headers.etag, `"${hash(plain)}"`);
    if (cache === FOR_EVER) assert.ok(path.includes(hash(plain)));
    const encodings = { br: brotliDecompressSync, gzip: gunzipSync };
    for (const [accepted, encoding] of [
      ["gzip, deflate, br, zstd", "br"],
      ["br;q=0.1, gzip", "br"],
      ["BR", "br"],
      ["gzip", "gzip"],
      ["br;q=0, gzip", "gzip"],
      ["br;q=0.000, gzip;q=0.001", "gzip"],
      ["identity", undefined],
      ["br;q=0, gzip;q=0", undefined],
      ["zstd", undefined],
      ["", undefined],
      [undefined, undefined],
    ]) {
      const answer = await get(path, accepted);
      assert.deepEqual([answer.status, answer.headers["content-encoding"]], [200, encoding], accepted);
      const body = encoding ? encodings[encoding](answer.body) : answer.body;
      assert.ok(body.equals(plain), accepted);
      if (!encoding) continue;
      assert.ok(answer.body.length < plain.length);
      assert.equal(answer.headers["content-length"], String(answer.body.length));
    }
  });

  test(`${name} has its type, its age, and may be fetched from anywhere`, async () => {
    const { headers } = await get(path, "br", { headers: { origin: "https://shop.example" } });
    assert.equal(headers["content-type"], type);
    assert.equal(headers["cache-control"], cache);
    assert.equal(headers.vary, "Accept-Encoding");
    assert.equal(headers["access-control-allow-origin"], "*");
    assert.equal(headers["cross-origin-resource-policy"], "cross-origin");
    assert.equal(headers["x-content-type-options"], "nosniff");
    assert.match(headers.etag, /^"[0-9a-f]{16}"$/);
  });

  test(`${name} is not sent to whom has it, nor to whom asks for its head`, async () => {
    const { headers } = await get(path, "br");
    for (const tags of [headers.etag, `W/${headers.etag}`, `"other", ${headers.etag}`, "*"]) {
      const answer = await get(path, "br", { headers: { "if-none-match": tags } });
      assert.deepEqual([answer.status, answer.body.length], [304, 0]);
      assert.deepEqual([answer.headers.etag, answer.headers["cache-control"]], [headers.etag, cache]);
    }
    assert.equal((await ask(path, { headers: { "if-none-match": `"other"` } })).status, 200);
    for (const accepted of ["br", "gzip", "identity"]) {
      const head = await get(path, accepted, { method: "HEAD" });
      assert.deepEqual([head.status, head.body.length], [200, 0]);
      assert.deepEqual([head.headers.etag, head.headers["content-type"]], [headers.etag, type]);
    }
  });

  test(`${name} takes no other method`, async () => {
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
      const answer = await ask(path, { method });
      problem(answer, 405, "wrong-method");
      assert.equal(answer.headers.allow, "GET, HEAD");
    }
  });
}

test("what is not built is the origin's", async () => {
  for (const path of ["/waymark/nothing.js", "/waymark/", "/waymark.js.br", "/waymark/constructor", "/waymark/__proto__"]) {
    const answer = await get(path);
    assert.deepEqual([answer.status, answer.headers["content-type"]], [404, "text/html; charset=utf-8"], path);
  }
});
