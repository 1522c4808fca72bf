import assert from 'node:assert/strict';
import { test } from 'node:test';

import { eventName, type Held, make, payloadOf, userIdOf } from '../envelope';
import type { PageSnapshot } from '../page';

const seen: PageSnapshot = {
  page: { path: '/a', url: 'https://h/a?utm_source=x', title: 't', referrer: '', search: '?utm_source=x' },
  campaign: { source: 'x' },
  locale: 'en',
};
const consent = { analytics: true, personalization: false, marketing: false };
const held = (more: Partial<Held> = {}): Held => ({
  kind: 'track', id: 'wm-1', at: 1_700_000_000_000, event: 'Bought', payload: '{"price":1}', seen, ...more,
});

test('the engine gets what the edge gets', () => {
  const { json, engine } = make(held({ userId: 'u' }), { id: 'a' }, consent, { userAgent: 'ua' });
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
  const page = make(held({ kind: 'page' }), { id: 'a' }, consent, {});
  assert.equal(page.engine.name, 'Page Viewed');
  const identify = make(held({ kind: 'identify' }), { id: 'a' }, consent, {});
  assert.equal(identify.engine.name, 'Identified');
  assert.deepEqual(JSON.parse(identify.json).traits, { price: 1 });
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
    assert.throws(() => userIdOf(id), { name: 'bad-user-id' });
  }
  const big = held({ payload: JSON.stringify({ big: 'x'.repeat(33_000) }) });
  assert.throws(() => make(big, { id: 'a' }, consent, {}), { name: 'event-too-large' });
});

test('a user id may be a number, and none leaves the visitor as they were', () => {
  assert.equal(userIdOf(12), '12');
  assert.equal(userIdOf('a\ud800'), 'a\ufffd');
  for (const none of [null, undefined, '']) assert.equal(userIdOf(none), undefined);
});

test('given properties go before the page’s own', () => {
  assert.equal(payloadOf({ title: 'mine' }, { title: 'its', path: '/' }), '{"title":"mine","path":"/"}');
  assert.equal(payloadOf(undefined), '{}');
  assert.equal(payloadOf(null), '{}');
});
