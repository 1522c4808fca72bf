import assert from 'node:assert/strict';
import { test } from 'node:test';

import { agree } from '../page/adopt';
import type { Decision } from '../types';

const decision = (more: Partial<Decision> = {}): Decision => ({
  slots: { hero: { content: 'c', rule: 'r', reason: 'rule' } },
  segments: ['s'], stage: null, validUntil: 1, pack: 'p', seq: 1, source: 'edge', ...more,
});

test('decisions agree when they show the same to the same', () => {
  assert.ok(agree(decision(), decision({ source: 'device', seq: 9, validUntil: null })));
  const other = { hero: { content: 'd', rule: 'r', reason: 'rule' } };
  assert.ok(!agree(decision(), decision({ slots: other })));
  assert.ok(!agree(decision(), decision({ segments: [] })));
  assert.ok(!agree(decision(), decision({ stage: 'buyer' })));
  assert.ok(!agree(decision(), decision({ slots: {} })));
});

test('the edge’s decision leaves the content out, and agrees all the same', () => {
  const shown = (text: string): Decision =>
    decision({ slots: { hero: { content: 'c', rule: 'r', reason: 'rule', text } } });
  assert.ok(agree(decision(), shown('a')));
  assert.ok(agree(shown('a'), shown('a')));
  assert.ok(!agree(shown('a'), shown('b')));
});
