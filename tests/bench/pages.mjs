// What a personalised page of 50 kB with five slots costs a worker, of 100 rules, beside workers that send it as it is
// (a), rewrite it with constants (b), or with GrowthBook's decisions (c): CPU of the runtime per page. Ours as HTTP lets it
// keep the origin's page: the usual one, and a visitor's first, which asks their shard; and as it has to ask the origin
// each time.
// `node pages.mjs PEERS [ROUNDS]`, where PEERS is a copy of the shared workers that was built.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ALL, admin, cookieOf, device, post } from '../edge/edge.mjs';
import { serve, start } from '../edge/workerd.mjs';
import { asked, measured, peer, table } from './workers.mjs';

const [, , peers, rounds = '3'] = process.argv;
const { makeProfiles, makeRules } = await import(pathToFileURL(join(peers, '../rules/workload.mjs')).href);
const SLOTS = ['hero', 'banner', 'reco', 'cta', 'footer'];
const VISITORS = 32;
const plain = await readFile(join(peers, 'dist/page.html'), 'utf8');
const html = plain.replaceAll('data-slot=', 'data-waymark-slot=');

/** The rules of the peers' workload, on what is known of visitors. */
const pack = JSON.stringify({
  pack: 'bench',
  slots: Object.fromEntries(SLOTS.map((slot) => [slot, { default: slot }])),
  content: Object.fromEntries(SLOTS.flatMap((slot) => [
    [slot, { slot, html: `<h2>Personal ${slot}</h2><p>Chosen content for this visitor, ${slot}.</p>` }],
    [`${slot}-ruled`, { slot, html: `<h2>Ruled ${slot}</h2><p>Chosen content for this visitor, ${slot}.</p>` }],
  ])),
  rules: makeRules(100).map(({ id, slot, conds }) => ({
    id: `r${id}`, slot: SLOTS[slot], show: `${SLOTS[slot]}-ruled`, priority: -id,
    when: Object.fromEntries(conds.map(({ op, a, v }) => [`traits.${a}`, { eq: v, in: { $in: v }, ge: { $gte: v }, has: { $in: [v] } }[op]])),
  })),
});

/** A visitor's cookies, after a page has set its own. */
async function seen(edge, cookie) {
  const answer = await fetch(edge, { headers: { cookie, accept: 'text/html' } });
  await answer.text();
  const [set] = answer.headers.getSetCookie();
  if (!set?.startsWith('wm_s=')) throw new Error(`no snapshot: ${set}`);
  return `${cookie}; ${set.split(';')[0]}`;
}

/** `first`: each page is a visitor's first, for which their shard is asked. */
async function waymark(headers, first = false) {
  const origin = await serve((_, answer) => {
    answer.writeHead(200, { 'content-type': 'text/html; charset=utf-8', ...headers }).end(html);
  });
  const edge = await start({ vars: { ORIGIN_URL: origin.url } });
  const put = await admin('/packs', { method: 'PUT', body: pack, edge: edge.url });
  if (put.status !== 201) throw new Error(put.text);
  await admin(`/packs/${put.json.hash}/activate`, { method: 'POST', edge: edge.url });
  const cookies = [];
  for (const { id, ...traits } of makeProfiles(VISITORS)) {
    const me = device();
    const event = { type: 'identify', messageId: `i-${id}`, anonymousId: me.anonymousId, traits, context: { consent: { categoryPreferences: ALL } } };
    const kept = await post('/v1/batch', { writeKey: 'wk_demo', deviceKey: me.deviceKey, batch: [event] }, { edge: edge.url });
    if (kept.json.accepted !== 1) throw new Error(kept.text);
    const cookie = await cookieOf(me, undefined, edge.url);
    cookies.push(first ? cookie : await seen(`${edge.url}/`, cookie));
  }
  let turn = 0;
  const result = await measured(edge.pid, async () => {
    const shown = await asked(`${edge.url}/`, { headers: { cookie: cookies[turn++ % VISITORS], accept: 'text/html' } });
    // The author's own page is as long as the origin's.
    if (shown <= html.length) throw new Error(`a page of ${shown} bytes is nobody's own`);
  });
  await edge.stop();
  await origin.stop();
  return result;
}

const rows = {};
for (let round = 0; round < Number(rounds); round++) {
  for (const name of ['a', 'b', 'c']) (rows[name] ??= []).push(await peer(peers, name, {}, asked));
  (rows['waymark, page kept'] ??= []).push(await waymark({ 'cache-control': 'public, max-age=3600' }));
  (rows['waymark, page kept, shard asked'] ??= []).push(await waymark({ 'cache-control': 'public, max-age=3600' }, true));
  (rows['waymark, origin asked each time'] ??= []).push(await waymark({}));
}
console.log('\na page of 50 kB with five slots');
table(rows, 'a', 'pages a second, here');
