import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Messenger } from '../visitor/messenger';
import { Outbox, type Ports } from '../delivery/outbox';
import { Database } from '../visitor/database';
import { type Line, Queue } from '../delivery/queue';
import { OUTBOX, Store } from '../visitor/storage';

const NOW = 1_700_000_000_000;

interface Sent {
  url: string;
  init: RequestInit;
  body: { writeKey: string; deviceKey?: string; sentAt: string; batch: { messageId: string }[] };
}

/** A clock that is moved by hand, and an edge that answers as it is told. */
class World {
  now = NOW;
  sent: Sent[] = [];
  beacons: string[] = [];
  answers: (Response | Error)[] = [];
  logged: unknown[][] = [];
  private timers: { at: number; run: () => void; id: number }[] = [];
  private next = 1;

  readonly ports: Ports = {
    fetch: async (url, init) => {
      const body = JSON.parse(init.body as string);
      this.sent.push({ url, init, body });
      const answer = this.answers.shift() ?? new Response('{}');
      if (answer instanceof Error) throw answer;
      return answer;
    },
    beacon: (_, body) => this.beacons.push(body) > 0,
    locks: undefined,
    now: () => this.now,
    random: () => 0.5,
    after: (ms, run) => {
      this.timers.push({ at: this.now + ms, run, id: this.next });
      return this.next++;
    },
    cancel: (timer) => {
      this.timers = this.timers.filter(({ id }) => id !== timer);
    },
  };

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      await settled();
      this.timers.sort((a, b) => a.at - b.at);
      const first = this.timers[0];
      if (!first || first.at > end) break;
      this.timers.shift();
      this.now = first.at;
      first.run();
    }
    this.now = end;
    await settled();
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

let world: World;
let store: Store;
let stats: { mismatch: number; stale: number; dropped: number };
let outbox: Outbox;

beforeEach(() => {
  world = new World();
  store = new Store(undefined);
  stats = { mismatch: 0, stale: 0, dropped: 0 };
  outbox = made();
  for (const level of ['error', 'warn'] as const) {
    console[level] = (...words: unknown[]) => void world.logged.push(words);
  }
});

/** Without a database: what it has then, it has in the store. */
const made = (ports = world.ports): Outbox =>
  new Outbox('https://edge', 'wk', new Queue(store, new Database(undefined), () => world.now), ports, stats);
const add = (id: string, key = 'k', filler = ''): void =>
  outbox.add([{ id, at: world.now, count: 1, key, text: JSON.stringify({ messageId: id, filler }) }]);
/** The queue's keys in the store, in parts: when, what, how many, and the device's key. */
const kept = (): string[][] => store.keys(`${OUTBOX} `).sort().map((key) => key.split(' ').slice(1));
const batches = (): string[][] => world.sent.map(({ body }) => body.batch.map((e) => e.messageId));

test('the first events go after a second, later ones every five', async () => {
  add('a');
  outbox.adopted = 'stale';
  await world.pass(999);
  assert.equal(world.sent.length, 0);
  await world.pass(1);
  add('b');
  await world.pass(4_999);
  assert.deepEqual(batches(), [['a']]);
  await world.pass(1);
  assert.deepEqual(batches(), [['a'], ['b']]);
  assert.deepEqual(kept(), []);
  const { url, init, body } = world.sent[0]!;
  assert.equal(url, 'https://edge/v1/batch');
  assert.deepEqual(init.headers, { 'content-type': 'text/plain' });
  assert.equal(init.credentials, 'include');
  assert.deepEqual([body.writeKey, body.deviceKey], ['wk', 'k']);
  assert.equal(body.sentAt, new Date(NOW + 1_000).toISOString());
  assert.deepEqual(world.sent.map(({ body }) => body.adopted), ['stale', undefined]);
});

test('a batch has at most a hundred events and 60 KB, all of one device', async () => {
  for (let i = 0; i < 120; i++) add(`a${i}`);
  await world.pass(6_000);
  assert.deepEqual(world.sent.map(({ body }) => body.batch.length), [100, 20]);
  for (let i = 0; i < 3; i++) add(`big${i}`, 'k', '帐'.repeat(8_000));
  add('other', '');
  await world.pass(20_000);
  assert.deepEqual(batches().slice(2), [['big0', 'big1'], ['big2'], ['other']]);
  assert.equal(world.sent.at(-1)!.body.deviceKey, undefined);
});

test('who fails waits twice as long each time, a minute at most, and by chance any part of it', async () => {
  const waits = async (random: number): Promise<number[]> => {
    world = new World();
    store = new Store(undefined);
    const times: number[] = [];
    const { fetch } = world.ports;
    world.answers = Array.from({ length: 9 }, () => new Response('', { status: 503 }));
    outbox = made({
      ...world.ports,
      random: () => random,
      fetch: (url, init) => {
        times.push(world.now);
        return fetch(url, init);
      },
    });
    add('a');
    await world.pass(400_000);
    assert.equal(times.length, 10);
    return times.slice(1).map((time, at) => time - times[at]!);
  };
  const doubled = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000];
  // Between two attempts there are five seconds in any case.
  const part = (of: number): number[] => doubled.map((wait) => Math.max(5_000, wait * of));
  assert.deepEqual(await waits(1), part(1));
  assert.deepEqual(await waits(0.25), part(0.25));
  assert.deepEqual(await waits(0), part(0));
});

test('events of one moment are kept together, up to twenty', async () => {
  const event = (id: string): Line => ({ id, at: NOW, count: 1, key: 'k', text: `{"messageId":"${id}"}` });
  outbox.add(Array.from({ length: 45 }, (_, i) => event(`e${i}`)));
  assert.deepEqual(kept().map(([, , count]) => count), ['20', '20', '5']);
  world.answers = [Response.json({ rejected: [{ index: 44, code: 'bad', message: 'no' }] })];
  await world.pass(1_000);
  assert.deepEqual(batches(), [Array.from({ length: 45 }, (_, i) => `e${i}`)]);
  assert.match(String(world.logged[0]), /event e44 was rejected/);
});

test('what did not arrive is sent again, later each time', async () => {
  world.answers = [new Error('offline'), new Response('', { status: 503 }), new Response('{}')];
  add('a');
  await world.pass(1_000);
  assert.equal(world.sent.length, 1);
  // Half of a second, but no sooner than five seconds after the last attempt.
  await world.pass(5_000);
  assert.equal(world.sent.length, 2);
  await world.pass(5_000);
  assert.deepEqual(batches(), [['a'], ['a'], ['a']]);
  await world.pass(60_000);
  assert.equal(world.sent.length, 3);
});

test('the edge says when to come back', async () => {
  world.answers = [new Response('', { status: 429, headers: { 'retry-after': '30' } })];
  add('a');
  await world.pass(30_999);
  assert.equal(world.sent.length, 1);
  await world.pass(1);
  assert.equal(world.sent.length, 2);
});

test('a refusal is final, is said aloud, and loses nothing else', async () => {
  world.answers = [new Response('unknown key', { status: 401 })];
  add('a');
  await world.pass(1_000);
  add('b');
  await world.pass(10_000);
  assert.deepEqual(batches(), [['a'], ['b']]);
  assert.match(String(world.logged[0]), /refused 1 events.*401.*unknown key/);
});

test('events that were rejected by index are not sent again', async () => {
  const rejected = [{ index: 1, code: 'back-dated', message: 'too old' }];
  world.answers = [Response.json({ rejected })];
  add('a');
  add('b');
  await world.pass(60_000);
  assert.equal(world.sent.length, 1);
  assert.match(String(world.logged[0]), /event b was rejected: too old \(back-dated\)/);
});

test('on leaving a beacon goes out once, and the events stay until they are confirmed', async () => {
  add('a');
  outbox.leave();
  outbox.leave();
  assert.equal(world.beacons.length, 1);
  assert.deepEqual(JSON.parse(world.beacons[0]!).batch, [{ messageId: 'a', filler: '' }]);
  add('b');
  outbox.leave();
  assert.deepEqual(JSON.parse(world.beacons[1]!).batch.map((e: Sent['body']['batch'][0]) => e.messageId), ['b']);
  made().schedule();
  await world.pass(6_000);
  assert.deepEqual(batches()[0], ['a', 'b']);
});

test('when there is no room the newest events go, and are counted', () => {
  for (let i = 0; i < 9; i++) add(`a${i}`, 'k', 'x'.repeat(50_000));
  assert.equal(stats.dropped, 2);
  const ids = kept().map(([, id]) => id);
  assert.deepEqual([ids.length, ids[0], ids.at(-1)], [7, 'a0', 'a6']);
});

test('what is older than a week is not sent, and counted', async () => {
  outbox.add([{ id: 'old', at: NOW - 8 * 86_400_000, count: 1, key: 'k', text: '{"messageId":"old"}' }]);
  add('new');
  await world.pass(1_000);
  assert.deepEqual(batches(), [['new']]);
  assert.equal(stats.dropped, 1);
});

test('what has piled up goes out without a pause', async () => {
  for (let i = 0; i < 350; i++) add(`a${i}`);
  await world.pass(1_100);
  assert.deepEqual(world.sent.map(({ body }) => body.batch.length), [100, 100, 100, 50]);
});

test('what another tab has stored goes along', async () => {
  store.set(`${OUTBOX} ${NOW - 1} z 1 k`, '{"messageId":"z"}');
  store.set(`${OUTBOX} ${NOW} y 1 k`, '%%% spoiled %%%');
  store.set(OUTBOX, '%%% spoiled %%%');
  add('a');
  await world.pass(1_000);
  assert.deepEqual(batches(), [['z', 'a']]);
});

test('emptied while a request was under way, it stays empty', async () => {
  add('a');
  world.answers = [new Error('offline')];
  await world.pass(1_000);
  outbox.clear();
  add('b');
  store.set(`${OUTBOX} spoiled`, '%%% spoiled %%%');
  outbox.clear();
  await world.pass(60_000);
  assert.equal(world.sent.length, 1);
  assert.deepEqual(store.keys(OUTBOX), []);
});

test('locks that are refused are done without', async () => {
  const locks = { request: () => Promise.reject(new Error('SecurityError')) };
  const ports = { ...world.ports, locks: locks as unknown as LockManager };
  made(ports).add([{ id: 'a', at: NOW, count: 1, key: 'k', text: '{"messageId":"a"}' }]);
  await world.pass(1_000);
  assert.deepEqual(batches(), [['a']]);
});

test('the edge is told of an answer until it has heard', async () => {
  const messenger = new Messenger('https://edge', 'wk', world.ports);
  const consent = { analytics: false, personalization: false, marketing: false };
  world.answers = [new Error('offline'), new Response(null, { status: 204 })];
  const told = messenger.tell({ device: { key: 'k', id: 'a' }, consent });
  await world.pass(10_000);
  assert.equal(await told, true);
  assert.equal(world.sent.length, 2);
  const { url, body } = world.sent[1]!;
  assert.equal(url, 'https://edge/v1/consent');
  assert.deepEqual(body as unknown, {
    writeKey: 'wk', deviceKey: 'k', anonymousId: 'a', consent: { categoryPreferences: consent }, erase: true,
  });
});
