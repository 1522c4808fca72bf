import assert from 'node:assert/strict';
import { test } from 'node:test';

import { fromBase64, putNumber, putText, putUnsigned, Reader, toBase64, toHex, written } from '../engine/bytes';
import { byCodePoint, encodeEvent } from '../engine/encode';
import { plain, stringify } from '../engine/json';
import type { JsonObject } from '../types';

const event = (properties: JsonObject): Uint8Array =>
  encodeEvent({ id: 'm', kind: 'track', name: 'n', time: 0, properties, context: {} });

function nested(levels: number): JsonObject {
  let value: JsonObject = {};
  for (let level = 1; level < levels; level++) value = { a: value };
  return value;
}

test('sixteen levels fit and seventeen are refused by name', () => {
  event(nested(16));
  assert.throws(() => event(nested(17)), { name: 'too-deep' });
});

test('keys are in the order of their UTF-8 bytes', () => {
  const keys = ['\u{1f600}', '\uff5e', '\ue000', '\ud7ff', 'é', 'b', 'aa', 'a', ''];
  const utf8 = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));
  assert.deepEqual([...keys].sort(byCodePoint), [...keys].sort(utf8));
});

test('NaN has one form and minus zero none', () => {
  const bytes = written(() => {
    putNumber(NaN);
    putNumber(-0);
  });
  assert.equal(toHex(bytes), '000000000000f87f' + '0000000000000000');
});

test('text longer than the buffer makes it grow', () => {
  const long = '帐'.repeat(5_000);
  const bytes = written(() => {
    putText(long);
    putUnsigned(2 ** 31 - 1);
  });
  const input = new Reader(bytes);
  assert.equal(input.text(), long);
  assert.equal(input.unsigned(), 2 ** 31 - 1);
});

test('what the engine gets has gone through JSON', () => {
  const date = new Date(0);
  const given = {
    gone: undefined, call: () => 1, nan: NaN, endless: -Infinity, date,
    own: { toJSON: () => 'said' }, list: [undefined, () => 1, NaN],
  };
  assert.deepEqual(plain(given), {
    nan: null, endless: null, date: '1970-01-01T00:00:00.000Z', own: 'said', list: [null, null, null],
  });
  assert.equal(plain(undefined), null);
});

test('half a surrogate pair becomes the replacement character, in keys too', () => {
  assert.equal(stringify({ 'a\ud800': 'b\udc00\ud83d\ude00' }), '{"a\\ufffd":"b\\ufffd😀"}');
  for (const text of ['\\ud800', '\\\\ud800', '\\\ud800', '"\\"\\udfff"', '\u001f\ud83d']) {
    const expected = text.replace(/\p{Cs}/gu, '\ufffd');
    assert.equal(plain(text), expected);
  }
});

test('base64 comes back', () => {
  const bytes = Uint8Array.from({ length: 700 }, (_, i) => i & 255);
  assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
  assert.throws(() => fromBase64('%%%'));
});
