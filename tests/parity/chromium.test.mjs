// The packed browser modules in Chromium give the bytes that the native engine gives.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { compare } from "./cases.mjs";

test("Chromium agrees with the native engine, byte for byte", { timeout: 600_000 }, async () => {
  const built = await readdir("dist/browser");
  const module = (start) => readFile(`dist/browser/${built.find((name) => name.startsWith(start) && name.endsWith(".wasm"))}`);
  const script = ["text/javascript", await readFile("target/parity/page.js")];
  const files = {
    // A script of its own each: it has one module in it.
    "/whole.js": script,
    "/lean.js": script,
    "/whole.wasm": ["application/wasm", await module("engine-whole.")],
    "/lean.wasm": ["application/wasm", await module("engine.")],
    "/": ["text/html", "<!doctype html><title>parity</title>"],
  };
  const server = createServer(({ url }, response) => {
    const [type, body] = files[url] ?? ["text/plain", ""];
    response.writeHead(files[url] ? 200 : 404, { "content-type": type }).end(body);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.evaluate(async () => {
      globalThis.engines = {};
      for (const kind of ["whole", "lean"]) {
        globalThis.engines[kind] = await import(`/${kind}.js`);
        await globalThis.engines[kind].load(`/${kind}.wasm`);
      }
    });
    const run = (kind, pack, cases) =>
      page.evaluate(
        ([kind, packed, all]) => globalThis.engines[kind].run(packed, all),
        [kind, pack, cases],
      );
    let lean = 0;
    let refused = 0;
    const total = await compare("page", async (pack, cases) => {
      const results = await run("whole", pack, cases);
      // The lowest bit says whether it needs the whole engine.
      if ((Buffer.from(pack.page, "base64")[4] & 1) === 0) {
        assert.deepEqual(await run("lean", pack, cases), results, "the lean engine");
        lean += cases.length;
      } else {
        await assert.rejects(run("lean", pack, cases.slice(0, 1)), /needs-whole-engine/);
        refused += cases.length;
      }
      return results;
    });
    assert.ok(lean > 1000, `only ${lean} cases`);
    assert.ok(refused > 100, `only ${refused} cases`);
    console.log(`${total} cases are the same in Chromium, ${lean} of them in the lean engine too`);
  } finally {
    await browser.close();
    server.close();
  }
});
