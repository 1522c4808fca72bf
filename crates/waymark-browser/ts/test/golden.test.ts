// The other side of `tests/golden.rs`.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { toHex } from '../engine/bytes';
import { decodeActed, decodeDecision, decodeEffects } from '../engine/decode';
import { encodeContext, encodeEvent, type DecisionContext, type EngineEvent } from '../engine/encode';
import { plain } from '../engine/json';
import golden from './golden.json';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

test('events are encoded as the engine encodes them', () => {
  for (const { event, hex } of golden.events) {
    assert.equal(toHex(encodeEvent(event as EngineEvent)), hex, event.name);
  }
});

test('contexts are encoded as the engine encodes them', () => {
  for (const { context, hex } of golden.contexts) {
    assert.equal(toHex(encodeContext(context as unknown as DecisionContext)), hex);
  }
});

test('decisions and effects are read as the engine wrote them', () => {
  assert.ok(golden.decisions.length && golden.effects.length);
  for (const { hex, decision } of golden.decisions) {
    assert.deepEqual(plain(decodeDecision(bytes(hex))), plain(decision));
  }
  for (const { hex, effects } of golden.effects) {
    assert.deepEqual(decodeEffects(bytes(hex)), effects);
  }
  for (const { hex, acted } of golden.acted) {
    assert.deepEqual(decodeActed(bytes(hex)), acted);
  }
});
