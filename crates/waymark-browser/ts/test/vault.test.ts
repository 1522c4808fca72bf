import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { IDBFactory } from 'fake-indexeddb';

import { Database } from '../visitor/database';
import { STATE, Store } from '../visitor/storage';
import { Vault } from '../visitor/vault';

let factory: IDBFactory;
let store: Store;
const made = (): Vault => new Vault(store, new Database(factory as unknown as globalThis.IDBFactory));
const settled = (): Promise<void> => new Promise((done) => setTimeout(done, 20));

beforeEach(() => {
  factory = new IDBFactory();
  store = new Store(undefined);
});

test('what one tab has put the next one gets', async () => {
  const vault = made();
  assert.equal(await vault.get(), null);
  vault.change(() => 'AAAA');
  await settled();
  assert.equal(await made().get(), 'AAAA');
  assert.equal(store.get(STATE), null);
});

test('events of pages that were left are added to the state that is there, until it has them', async () => {
  const vault = made();
  await vault.get();
  vault.change(() => 'AAAA');
  await settled();
  made().append(['BBBB']);
  made().append(['CCCC']);
  assert.equal(await vault.get(), 'AAAA\nBBBB\nCCCC');
  // One more comes before it is their turn.
  let seen: string | null = null;
  vault.change((kept) => {
    seen = kept;
    return 'EEEE';
  });
  made().append(['DDDD']);
  await settled();
  assert.equal(seen, 'AAAA\nBBBB\nCCCC\nDDDD');
  made().append(['FFFF']);
  assert.equal(await made().get(), 'EEEE\nFFFF');
});

test('a hundred events may wait for a page that has an engine', async () => {
  const vault = made();
  vault.append(Array.from({ length: 130 }, (_, at) => `E${at}`));
  const lines = (await vault.get())!.split('\n');
  assert.deepEqual([lines.length, lines[0], lines[1]], [101, '', 'E30']);
});

test('what two tabs make of what is kept they make one after the other', async () => {
  const [one, other] = [made(), made()];
  await Promise.all([one.get(), other.get()]);
  one.change((kept) => `${kept ?? ''}A`);
  other.change((kept) => `${kept ?? ''}B`);
  one.change(() => undefined);
  one.change((kept) => `${kept ?? ''}C`);
  await settled();
  assert.equal(await made().get(), 'ABC');
});

test('it says when what is made is kept, and not before', async () => {
  const vault = made();
  await vault.get();
  const said: string[] = [];
  const make = (): string => {
    said.push('made');
    return 'AAAA';
  };
  vault.change(make, () => said.push('kept'));
  said.push('begun');
  await settled();
  assert.deepEqual(said, ['begun', 'made', 'kept']);
});

test('where there is no database it is in the store', async () => {
  const vault = new Vault(store, new Database(undefined));
  vault.change(() => 'AAAA');
  assert.equal(await vault.get(), 'AAAA');
  vault.remove();
  assert.equal(await vault.get(), null);
});

test('removed, it is gone', async () => {
  const vault = made();
  await vault.get();
  vault.change(() => 'AAAA');
  vault.remove();
  await settled();
  assert.equal(await made().get(), null);
});
