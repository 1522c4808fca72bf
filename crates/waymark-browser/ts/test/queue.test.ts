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

/** The ids of what waits in the store. */
const kept = (): string[] => store.keys(`${OUTBOX} `).sort().map((key) => key.split(' ')[2]!);
const settled = (): Promise<void> => new Promise((done) => setTimeout(done, 20));

/** Local storage, of any number of characters at most. */
function storage(room = Infinity): Storage {
  const values: { [key: string]: string } = {};
  const method = (value: unknown): PropertyDescriptor => ({ value, enumerable: false });
  return Object.defineProperties(values, {
    getItem: method((key: string) => values[key] ?? null),
    setItem: method((key: string, value: string) => {
      if (Object.values(values).join('').length + value.length > room) throw new Error('QuotaExceededError');
      values[key] = value;
    }),
    removeItem: method((key: string) => delete values[key]),
  }) as unknown as Storage;
}

test('events are in the store at once, in the order of their time, for whoever comes next', async () => {
  store = new Store(storage());
  const queue = made();
  assert.equal(queue.add([line(3), line(1), line(2)]), 0);
  assert.deepEqual(kept(), ['m1', 'm2', 'm3']);
  const next = made();
  assert.deepEqual(ids((await next.first(10)).lines), ['m1', 'm2', 'm3']);
  await next.remove([line(1), line(3)]);
  assert.deepEqual(ids((await queue.first(10)).lines), ['m2']);
});

test('tabs do not write over each other, whatever they have read before', async () => {
  store = new Store(storage());
  const [one, other] = [made(), made()];
  one.add([line(1)]);
  const { lines } = await other.first(10);
  one.add([line(2)]);
  other.add([line(3)]);
  await other.remove(lines);
  assert.deepEqual(kept(), ['m2', 'm3']);
});

test('what waits for long is in the database, and is one with what came since', async () => {
  store = new Store(storage());
  const queue = made();
  await queue.first(1);
  queue.add([line(1)]);
  queue.move();
  // It is there twice, and one.
  assert.deepEqual(ids((await queue.first(10)).lines), ['m1']);
  await settled();
  assert.deepEqual(kept(), []);
  queue.add([line(2)]);
  const next = made();
  const { lines } = await next.first(10);
  assert.deepEqual(ids(lines).sort(), ['m1', 'm2']);
  await next.remove(lines);
  assert.deepEqual(ids((await made().first(10)).lines), []);
});

test('the database is asked again when somebody has put events there, also while it is being asked', async () => {
  store = new Store(storage());
  const [one, other] = [made(), made()];
  await one.first(10);
  await other.first(10);
  other.add([line(1)]);
  other.move();
  await settled();
  assert.deepEqual(kept(), []);
  const { lines } = await one.first(10);
  assert.deepEqual(ids(lines), ['m1']);
  await one.remove(lines);
  // The question is older than what is put.
  other.add([line(2)]);
  const asked = other.first(10);
  other.move();
  assert.deepEqual(ids((await asked).lines), ['m2']);
  await settled();
  assert.deepEqual(ids((await other.first(10)).lines), ['m2']);
  assert.deepEqual(ids((await one.first(10)).lines), ['m2']);
  await one.remove([line(2)]);
  await one.first(10);
  assert.equal(store.get(OUTBOX), null);
});

test('what finds no room in the store is in the database, and so is what was there', async () => {
  store = new Store(storage(60));
  const queue = made();
  await queue.first(1);
  for (let at = 0; at < 5; at++) queue.add([line(at)]);
  await settled();
  assert.equal(queue.add([line(5)]), 0);
  await settled();
  // Nothing of it is in the memory of this page only.
  const all = (await new Queue(new Store(undefined), new Database(factory as unknown as globalThis.IDBFactory), () => NOW).first(10)).lines;
  assert.deepEqual([...ids(all), ...kept()].sort(), ['m0', 'm1', 'm2', 'm3', 'm4', 'm5']);
});

test('a hundred thousand characters are enough for the store', async () => {
  store = new Store(storage());
  const queue = made();
  await queue.first(1);
  const large = (at: number): Line => ({ ...line(at), text: `{"filler":"${'x'.repeat(40_000)}"}` });
  for (let at = 0; at < 3; at++) queue.add([large(at)]);
  await settled();
  assert.deepEqual(kept(), []);
  queue.add([large(3)]);
  await settled();
  assert.deepEqual(kept(), ['m3']);
  assert.equal((await made().first(10)).lines.length, 4);
});

test('a database that refuses leaves them in the store', async () => {
  const refusing = { open: () => { throw new Error('no'); }, deleteDatabase: () => { throw new Error('no'); } };
  const queue = made(refusing);
  queue.add([line(1)]);
  queue.move();
  assert.deepEqual(ids((await queue.first(10)).lines), ['m1']);
  await queue.remove([line(1)]);
  assert.deepEqual(kept(), []);
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
  queue.move();
  queue.add([line(3)]);
  queue.clear();
  await settled();
  assert.deepEqual(await factory.databases(), []);
  assert.deepEqual(kept(), []);
  // It can begin anew.
  queue.add([line(2)]);
  assert.deepEqual(ids((await queue.first(10)).lines), ['m2']);
});
