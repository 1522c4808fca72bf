import assert from 'node:assert/strict';
import { test } from 'node:test';

import { any, NONE, read, refused, standing } from '../visitor/consent';
import { Store } from '../visitor/storage';

const ALL = { analytics: true, personalization: true, marketing: true };

test('nothing is allowed until somebody answers', () => {
  assert.deepEqual(standing(undefined, false), { ...NONE, decided: false });
});

test('a browser that says no overrides a stored yes', () => {
  assert.deepEqual(standing(ALL, false), { ...ALL, decided: true });
  assert.deepEqual(standing(ALL, true), { ...NONE, decided: true });
  assert.deepEqual(standing(undefined, true), { ...NONE, decided: true });
});

test('only true is a yes and what is not named is a no', () => {
  assert.deepEqual(read({ analytics: true, personalization: 'true', marketing: 1 }), {
    ...NONE,
    analytics: true,
  });
  assert.deepEqual(read({}), NONE);
  for (const wrong of [undefined, null, true, 'all']) assert.equal(read(wrong), undefined);
});

test('marketing alone may be allowed, but keeps nothing of what was', () => {
  const marketing = { ...NONE, marketing: true };
  assert.equal(any(marketing), true);
  assert.equal(refused(marketing), true);
  assert.equal(any(NONE), false);
  assert.equal(refused({ ...NONE, analytics: true }), false);
});

test('a record that was spoiled is read as far as it can be', () => {
  const store = new Store(undefined);
  for (const text of ['%%%', 'null', '"x"', '[]']) {
    store.set('waymark', text);
    assert.equal(store.record().consent, undefined, text);
  }
  store.set('waymark', '{"consent":"yes","device":7,"untold":{}}');
  const { consent, device, untold } = store.record();
  assert.deepEqual([consent, device, untold], [undefined, undefined, undefined]);
});

test('where storage throws, memory stands in', () => {
  const broken = {
    getItem() { throw new Error('no'); },
    setItem() { throw new Error('quota'); },
    removeItem() { throw new Error('no'); },
  } as unknown as Storage;
  const store = new Store(broken);
  store.set('a', '1');
  assert.equal(store.get('a'), '1');
  store.remove('a');
  assert.equal(store.get('a'), null);
});
