import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventName, type Held, idOf, instant, make, messageIdOf, payloadOf } from '../call/envelope';
import type { PageSnapshot } from '../page/page';

const seen: PageSnapshot = {
  page: { path: '/a', url: 'https://h/a?utm_source=x', title: 't', referrer: '', search: '?utm_source=x' },
  campaign: { source: 'x' },
  locale: 'en',
  safe: {},
};
seen.safe = { page: seen.page, campaign: seen.campaign };
const consent = { analytics: true, personalization: false, marketing: false };
const held = (more: Partial<Held> = {}): Held => ({
  kind: 'track', id: 'wm-1', at: 1_700_000_000_000, event: 'Bought', payload: '{"price":1}', seen, ...more,
});

test('the engine gets what the edge gets', () => {
  const { json, engine } = make(held({ userId: 'u' }), { id: 'a' }, consent, { userAgent: 'ua' }, true);
  const sent = JSON.parse(json);
  assert.deepEqual(sent, {
    type: 'track', messageId: 'wm-1', timestamp: '2023-11-14T22:13:20.000Z', anonymousId: 'a', userId: 'u',
    event: 'Bought', properties: { price: 1 },
    context: {
      page: seen.page, locale: 'en', userAgent: 'ua', campaign: { source: 'x' },
      consent: { categoryPreferences: consent },
    },
  });
  assert.deepEqual(engine.properties, sent.properties);
  assert.deepEqual(engine.context, sent.context);
  assert.equal(engine.time, Date.parse(sent.timestamp));
});

test('page views and identifications have names that rules know', () => {
  const page = make(held({ kind: 'page' }), { id: 'a' }, consent, {}, true);
  assert.equal(page.engine.name, 'Page Viewed');
  const identify = make(held({ kind: 'identify' }), { id: 'a' }, consent, {}, true);
  assert.equal(identify.engine.name, 'Identified');
  assert.deepEqual(JSON.parse(identify.json).traits, { price: 1 });
});

test('groups and aliases say their other id where the edge’s reader keeps it', () => {
  const group = make(held({ kind: 'group', groupId: 'g', payload: '{"plan":"pro"}' }), { id: 'a' }, consent, {}, true);
  const sent = JSON.parse(group.json);
  assert.deepEqual([sent.groupId, sent.traits, sent.event], ['g', { plan: 'pro' }, 'Bought']);
  assert.deepEqual([group.engine.name, group.engine.properties], ['Grouped', { plan: 'pro', groupId: 'g' }]);
  const alias = make(held({ kind: 'alias', previousId: 'old', userId: 'new', payload: '{}' }), { id: 'a' }, consent, {}, true);
  assert.equal(JSON.parse(alias.json).previousId, 'old');
  assert.deepEqual(alias.engine.properties, { previousId: 'old' });
});

test('personal data that nobody meant to send is masked, the same for the edge and the engine', () => {
  const one = held({ payload: '{"note":"call +1 555 123 4567"}', context: '{"from":"a@b.de"}' });
  const { json, engine } = make(one, { id: 'a' }, consent, {}, true);
  const sent = JSON.parse(json);
  assert.equal(sent.properties.note, 'call [phone]');
  assert.equal(sent.context.from, '[email]');
  assert.deepEqual([engine.properties, engine.context], [sent.properties, sent.context]);
  assert.match(make(one, { id: 'a' }, consent, {}, false).json, /555 123 4567.*a@b\.de/);
});

test('traits are what the page means to tell, and the context cannot overrule consent', () => {
  const one = held({ kind: 'identify', payload: '{"email":"jo@example.com"}', context: '{"consent":{"categoryPreferences":{"marketing":true}}}' });
  const sent = JSON.parse(make(one, { id: 'a' }, consent, {}, true).json);
  assert.deepEqual(sent.traits, { email: 'jo@example.com' });
  assert.deepEqual(sent.context.consent, { categoryPreferences: consent });
});

test('times and message ids are read as Segment’s libraries take them', () => {
  assert.equal(instant('2023-11-14T22:13:20.000Z'), 1_700_000_000_000);
  assert.equal(instant(new Date(5)), 5);
  assert.throws(() => instant('yesterday'), { name: 'bad-timestamp' });
  assert.equal(messageIdOf('order-7'), 'order-7');
  assert.throws(() => messageIdOf('two words'), { name: 'bad-id' });
});

test('bad arguments are refused by name', () => {
  const cyclic: { self?: unknown } = {};
  cyclic.self = cyclic;
  for (const name of ['', undefined, 7, 'x'.repeat(257)]) {
    assert.throws(() => eventName(name), { name: 'bad-event-name' });
  }
  for (const properties of [7, 'x', [], cyclic, { big: 1n }, new Date(0)]) {
    assert.throws(() => payloadOf(properties), { name: 'bad-properties' });
  }
  for (const id of [{}, true, NaN, 'x'.repeat(257)]) {
    assert.throws(() => idOf(id), { name: 'bad-id' });
  }
  const big = held({ payload: JSON.stringify({ big: 'x'.repeat(33_000) }) });
  assert.throws(() => make(big, { id: 'a' }, consent, {}, true), { name: 'event-too-large' });
});

test('a user id may be a number, and none leaves the visitor as they were', () => {
  assert.equal(idOf(12), '12');
  assert.equal(idOf('a\ud800'), 'a\ufffd');
  for (const none of [null, undefined, '']) assert.equal(idOf(none), undefined);
});

test('given properties go before the page’s own', () => {
  assert.equal(payloadOf({ title: 'mine' }, { title: 'its', path: '/' }), '{"title":"mine","path":"/"}');
  assert.equal(payloadOf(undefined), '{}');
  assert.equal(payloadOf(null), '{}');
});
