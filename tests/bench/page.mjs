// What loading costs a page, in Chromium, for a visitor who has agreed to be known: without the SDK, with it the
// first time, with it in the cache of a new tab, and on the next page of the same tab; the processor as it is and
// slowed down four times. The floor is what any SDK of these parts costs, written by hand: a script that imports the
// same core without starting it, makes the same engine without calling it and reads one value of a database.
// `node page.mjs EDGE`.

import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const [, , edge, rounds = '5'] = process.argv;
const slot = '<h1 data-waymark-slot="hero">author</h1>';
const page = (script) => `<!doctype html><html lang="en"><title>t</title>${slot}${script}`;
const script = `<script async src="${edge}/waymark.js" data-write-key="wk_demo"></script>`;
const floor = `<script async src="/floor.js"></script>`;
const server = createServer(async (request, response) => {
  if (request.url === '/floor.js') {
    response.writeHead(200, { 'content-type': 'text/javascript', 'cache-control': 'max-age=300' }).end(await floorScript());
  } else {
    const scripts = { '/with': script, '/floor': floor };
    response.writeHead(200, { 'content-type': 'text/html' }).end(page(scripts[request.url] ?? ''));
  }
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));
const site = `http://localhost:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
});

const table = {};
for (const slower of [1, 4]) {
  const rows = { without: [], floor: [], first: [], cached: [], next: [] };
  for (let round = 0; round < Number(rounds); round++) {
    const context = await browser.newContext();
    rows.without.push(await measured(context, '/', slower));
    for (const name of ['first', 'cached', 'cached']) rows[name].push(await measured(context, '/with', slower));
    for (let again = 0; again < 2; again++) {
      rows.floor.push(await measured(context, '/floor', slower, 2));
      rows.next.push(await measured(context, '/with', slower, 2));
    }
    await context.close();
  }
  for (const [name, all] of Object.entries(rows)) {
    const median = (key) => all.map((one) => one[key]).sort((a, b) => a - b)[all.length >> 1];
    table[`${slower}x slower, ${name}`] = {
      'main thread, ms': median('script').toFixed(1),
      'longest task, ms': median('longest').toFixed(1),
      'navigation to the loader, ms': name === 'without' ? '' : median('loader').toFixed(0),
      'to the first decision, ms': name === 'without' ? '' : median('decided').toFixed(0),
      'layout shift': median('shift'),
      'heap, KB': (median('heap') / 1024).toFixed(0),
    };
  }
}
console.table(table);
await browser.close();
server.close();

/** What the loader of this edge fetches, and nothing done with it. */
async function floorScript() {
  const loader = await (await fetch(`${edge}/waymark.js`)).text();
  const [core] = loader.match(/waymark\/core\.\w+\.js/);
  const [engine] = loader.match(/waymark\/engine\.\w+\.wasm/);
  return `
    const numerals = { page: { parse: () => 0, print: () => 0 } };
    const made = fetch('${edge}/${engine}', { credentials: 'omit' })
      .then((response) => response.arrayBuffer()).then((bytes) => WebAssembly.instantiate(bytes, numerals));
    const program = fetch('${edge}/v1/pack', { credentials: 'omit' }).then((response) => response.arrayBuffer());
    import('${edge}/${core}').then(async () => {
      const read = new Promise((done) => {
        const opening = indexedDB.open('floor', 1);
        opening.onupgradeneeded = () => opening.result.createObjectStore('state');
        opening.onsuccess = () => {
          const reading = opening.result.transaction('state').objectStore('state').get(0);
          reading.onsuccess = done;
        };
      });
      await Promise.all([made, program, read]);
      window.made(window.seen.decided = performance.now());
    });`;
}

async function measured(context, path, slower, views = 1) {
  const tab = await context.newPage();
  const session = await context.newCDPSession(tab);
  await session.send('Emulation.setCPUThrottlingRate', { rate: slower });
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  await tab.addInitScript(() => {
    window.seen = { longest: 0, shift: 0, decided: 0 };
    window.decision = new Promise((made) => { window.made = made; });
    const watch = (type, each) => new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true });
    watch('longtask', ({ duration }) => { window.seen.longest = Math.max(window.seen.longest, duration); });
    watch('layout-shift', ({ value }) => { window.seen.shift += value; });
    window.waymark = [
      ['consent', { analytics: true, personalization: true, marketing: true }],
      ['on', 'decision', () => { window.made(window.seen.decided ||= performance.now()); }],
    ];
  });
  // Not the driver's own way to ask, which begins with a long task.
  const ask = async (expression) => {
    const { result } = await session.send('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
    return result.value;
  };
  for (let view = 0; view < views; view++) {
    await tab.goto(site + path, { waitUntil: 'load' });
    if (path !== '/') await ask('decision');
    await ask('new Promise((over) => setTimeout(over, 500))');
  }
  const { metrics } = await session.send('Performance.getMetrics');
  const script = metrics.find((one) => one.name === 'ScriptDuration')?.value ?? 0;
  const seen = await ask('seen');
  const loaded = await ask('performance.getEntriesByType("resource").map(({ name, responseEnd }) => ({ name, responseEnd }))');
  const loader = loaded.find(({ name }) => name.match(/\/(waymark|floor)\.js$/))?.responseEnd ?? 0;
  await session.send('HeapProfiler.collectGarbage');
  const { metrics: after } = await session.send('Performance.getMetrics');
  const heap = after.find((one) => one.name === 'JSHeapUsedSize').value;
  await tab.close();
  return { ...seen, loader, script: script * 1_000, heap };
}
