import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { IDBFactory } from 'fake-indexeddb';

import { Database } from '../visitor/database';
import { type Line, Queue } from '../delivery/queue';
import { OUTBOX, Store } from '../visitor/storage';

const NOW = 1_700_000_000_000;
const line = (at: number): Line => ({
  at: NOW + at, id: `m${at}`, count: 1, key: 'k', text: `{"messageId":"m${at}"}`,
});
const ids = (lines: Line[]): string[] => lines.map(({ id }) => id);

let factory: IDBFactory;
let store: Store;
const made = (using: unknown = factory): Queue =>
  new Queue(store, new Database(using as globalThis.IDBFactory), () => NOW);

beforeEach(() => {
  factory = new IDBFactory();
  store = new Store(undefined);
});

test('events wait in the database, in the order of their time, for whoever comes next', async () => {
  const queue = made();
  assert.equal(queue.add([line(0)]), 0);
  // There is no database yet, and the page may be gone at any moment.
  assert.match(store.get(OUTBOX)!, /m0/);
  await queue.first(1);
  queue.add([line(3), line(1), line(2)]);
  assert.doesNotMatch(store.get(OUTBOX)!, /m1/);
  const next = made();
  assert.deepEqual(ids((await next.first(10)).lines), ['m0', 'm1', 'm2', 'm3']);
  await next.remove([line(0), line(2)]);
  assert.deepEqual(ids((await queue.first(10)).lines), ['m1', 'm3']);
});

test('what the database has not confirmed is kept where it is done at once', async () => {
  const queue = made();
  await queue.first(1);
  queue.add([line(1)]);
  queue.keep();
  assert.match(store.get(OUTBOX)!, /m1/);
  // It is there twice, and one.
  assert.deepEqual(ids((await made().first(10)).lines), ['m1']);
});

test('a database that refuses leaves them in the store', async () => {
  const refusing = { open: () => { throw new Error('no'); }, deleteDatabase: () => { throw new Error('no'); } };
  const queue = made(refusing);
  queue.add([line(1)]);
  assert.deepEqual(ids((await queue.first(10)).lines), ['m1']);
  await queue.remove([line(1)]);
  assert.equal(store.get(OUTBOX), null);
  queue.clear();
});

test('there is room for 5,000; the newest go', async () => {
  const queue = made();
  await queue.first(1);
  assert.equal(queue.add(Array.from({ length: 501 }, (_, at) => ({ ...line(at), count: 10 }))), 10);
  assert.equal(queue.add([line(6_000)]), 1);
  const { lines } = await queue.first(600);
  assert.deepEqual([lines.length, lines.at(-1)!.id], [500, 'm499']);
  // Who comes next counts them by their keys, and does not read them all.
  const next = made();
  await next.first(2);
  assert.equal(next.add([line(7_000)]), 1);
  await next.remove([{ ...line(0), count: 10 }]);
  assert.equal(next.add([{ ...line(8_000), count: 9 }, line(8_001), line(8_002)]), 1);
});

test('cleared, nothing is left on the device', async () => {
  const queue = made();
  await queue.first(1);
  queue.add([line(1)]);
  queue.clear();
  await new Promise((done) => setTimeout(done, 20));
  assert.deepEqual(await factory.databases(), []);
  assert.equal(store.get(OUTBOX), null);
  // It can begin anew.
  queue.add([line(2)]);
  assert.deepEqual(ids((await queue.first(10)).lines), ['m2']);
});
