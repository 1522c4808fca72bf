import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';

import { anonymousIdOf, messageId, mint } from '../visitor/identity';

const counting = (bytes: number): Uint8Array => Uint8Array.from({ length: bytes }, (_, i) => i + 250);
const subtle = webcrypto.subtle as unknown as SubtleCrypto;
const UUID = (version: number): RegExp =>
  new RegExp(`^[0-9a-f]{8}-[0-9a-f]{4}-${version}[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`);

test('the anonymous id is the hash of the device key, as the edge computes it', async () => {
  // `waymark-edge/src/identity.rs`
  assert.equal(await anonymousIdOf('device', subtle), '263a4dbe-4148-8fb8-b214-b0032339dbb9');
  const { key, id } = await mint(counting, subtle);
  assert.match(key!, /^[A-Za-z0-9_-]{22}$/);
  assert.equal(id, await anonymousIdOf(key!, subtle));
  assert.match(id, UUID(8));
});

test('without a hash function the id is random and nothing proves it', async () => {
  const { key, id } = await mint(counting);
  assert.equal(key, undefined);
  assert.match(id, UUID(4));
});

test('message ids have 128 random bits', () => {
  assert.match(messageId(), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
