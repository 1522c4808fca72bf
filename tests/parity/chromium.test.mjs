// The packed browser module in Chromium gives the bytes that the native engine gives.
import { readFile, readdir } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { chromium } from "playwright-core";
import { compare } from "./cases.mjs";

test("Chromium agrees with the native engine, byte for byte", { timeout: 600_000 }, async () => {
  const module = (await readdir("dist/browser")).find((name) => /^engine\..*\.wasm$/.test(name));
  const files = {
    "/page.js": ["text/javascript", await readFile("target/parity/page.js")],
    "/engine.wasm": ["application/wasm", await readFile(`dist/browser/${module}`)],
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
      globalThis.parity = await import("/page.js");
      await globalThis.parity.load("/engine.wasm");
    });
    const total = await compare("page", (pack, cases) =>
      page.evaluate(([program, all]) => globalThis.parity.run(program, all), [pack.page, cases]),
    );
    console.log(`${total} cases are the same in Chromium`);
  } finally {
    await browser.close();
    server.close();
  }
});
