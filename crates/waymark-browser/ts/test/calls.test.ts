import assert from 'node:assert/strict';
import { test } from 'node:test';

import { pageNames, read } from '../call/calls';

const callback = (): void => undefined;

test('what may be left out is told apart by what it is', () => {
  assert.deepEqual(read(['Bought', { a: 1 }, { timestamp: 5 }, callback], 1), {
    names: ['Bought'], payload: { a: 1 }, options: { timestamp: 5 }, callback,
  });
  assert.deepEqual(read(['Bought', callback], 1), {
    names: ['Bought'], payload: undefined, options: {}, callback,
  });
  assert.deepEqual(read([{ plan: 'pro' }, { timestamp: 5 }], 1), {
    names: [], payload: { plan: 'pro' }, options: { timestamp: 5 }, callback: undefined,
  });
  assert.deepEqual(read(['u', null, { timestamp: 5 }], 1).options, { timestamp: 5 });
  assert.equal(read(['x', 'no object'], 1).payload, 'no object');
  assert.deepEqual(read(['to', 'from', { timestamp: 1 }], 2).names, ['to', 'from']);
});

test('pages have a category before their name', () => {
  assert.deepEqual(pageNames(['Docs', 'Start']), { category: 'Docs', name: 'Start' });
  assert.deepEqual(pageNames(['Start']), { name: 'Start' });
  assert.deepEqual(pageNames([null, undefined]), {});
});

test('what Segment’s snippet adds to calls that wait is no part of them', () => {
  // As `@segment/snippet` buffers them.
  const buffered = (...args: unknown[]) => [...args, { __t: 'bpc', c: undefined, p: '/', u: 'https://shop.example/', s: '', t: 'Shop', r: '' }];
  assert.deepEqual(read(buffered('Signed Up'), 1), { names: ['Signed Up'], payload: undefined, options: {}, callback: undefined });
  assert.deepEqual(read(buffered('u1'), 1), { names: ['u1'], payload: undefined, options: {}, callback: undefined });
  assert.deepEqual(read(buffered('u1', { plan: 'pro' }, { timestamp: 5 }, callback), 1), {
    names: ['u1'], payload: { plan: 'pro' }, options: { timestamp: 5 }, callback,
  });
  assert.deepEqual(read(buffered(), 2), { names: [], payload: undefined, options: {}, callback: undefined });
});
