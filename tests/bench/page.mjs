// What loading costs a page, in Chromium: without the SDK, with it the first time, and with it in the cache; the
// processor as it is and slowed down four times. `node page.mjs EDGE`.

import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const [, , edge, rounds = '5'] = process.argv;
const slot = '<h1 data-waymark-slot="hero">author</h1>';
const page = (script) => `<!doctype html><html lang="en"><title>t</title>${slot}${script}`;
const script = `<script async src="${edge}/waymark.js" data-write-key="wk_demo"></script>`;
const server = createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/html' }).end(page(request.url === '/with' ? script : ''));
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const site = `http://localhost:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});

const table = {};
for (const slower of [1, 4]) {
  const rows = { without: [], first: [], cached: [] };
  for (let round = 0; round < Number(rounds); round++) {
    const context = await browser.newContext();
    for (const [name, path] of [['without', '/'], ['first', '/with'], ['cached', '/with'], ['cached', '/with']]) {
      rows[name].push(await measured(context, site + path, slower));
    }
    await context.close();
  }
  for (const [name, all] of Object.entries(rows)) {
    const median = (key) => all.map((one) => one[key]).sort((a, b) => a - b)[all.length >> 1];
    table[`${slower}x slower, ${name}`] = {
      'main thread, ms': median('script').toFixed(1),
      'longest task, ms': median('longest').toFixed(1),
      'navigation to first decision, ms': name === 'without' ? '' : median('decided').toFixed(0),
      'layout shift': median('shift'),
      'heap, KB': (median('heap') / 1024).toFixed(0),
    };
  }
}
console.table(table);
await browser.close();
server.close();

async function measured(context, url, slower) {
  const tab = await context.newPage();
  const session = await context.newCDPSession(tab);
  await session.send('Emulation.setCPUThrottlingRate', { rate: slower });
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await tab.addInitScript(() => {
    window.seen = { longest: 0, shift: 0, decided: 0 };
    const watch = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true });
    watch('longtask', ({ duration }) => { window.seen.longest = Math.max(window.seen.longest, duration); });
    watch('layout-shift', ({ value }) => { window.seen.shift += value; });
    window.waymark = [['on', 'decision', () => { window.seen.decided ||= performance.now(); }]];
  });
  await tab.goto(url, { waitUntil: 'load' });
  if (url.endsWith('/with')) await tab.waitForFunction(() => window.seen.decided > 0);
  await tab.waitForTimeout(500);
  const { metrics } = await session.send('Performance.getMetrics');
  const metric = (name) => metrics.find((one) => one.name === name)?.value ?? 0;
  const seen = await tab.evaluate(() => ({ ...window.seen }));
  await session.send('HeapProfiler.collectGarbage');
  const { metrics: after } = await session.send('Performance.getMetrics');
  const heap = after.find((one) => one.name === 'JSHeapUsedSize').value;
  await tab.close();
  return { ...seen, script: metric('ScriptDuration') * 1_000, heap };
}
