import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { decodeGpp, purposesOfGpp } from '../modules/signals/gpp';
import { decodeTc, purposesOfTcf } from '../modules/signals/tcf';

const TRUTH = '../shared/data/truth';
const truth = (name: string): never => JSON.parse(readFileSync(`${TRUTH}/${name}.json`, 'utf8')) as never;
const absent = existsSync(TRUTH) ? false : 'skipped: the shared truths are not here';

test('TC strings are read as the IAB’s own library reads them', { skip: absent }, () => {
  const { strings, invalid } = truth('tcf') as { strings: { name: string; tc: string; decoded: object }[]; invalid: { tc: string }[] };
  for (const { name, tc, decoded } of strings) assert.deepEqual(decodeTc(tc), decoded, name);
  for (const { tc } of invalid) assert.throws(() => decodeTc(tc), { name: 'bad-consent-string' }, tc);
  assert.ok(strings.length >= 7 && invalid.length >= 3);
});

test('GPP strings are read as the IAB’s own library reads them', { skip: absent }, () => {
  const { strings } = truth('gpp') as { strings: { name: string; gpp: string; sectionIds: number[]; sections: object }[] };
  for (const { name, gpp, sectionIds, sections } of strings) {
    assert.deepEqual(decodeGpp(gpp), { sectionIds, sections }, name);
  }
  assert.ok(strings.length >= 5);
});

test('a string that ends too early, or holds other letters, is refused', () => {
  for (const text of ['', 'C', 'COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKA!', 'COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACC']) {
    assert.throws(() => decodeTc(text), { name: 'bad-consent-string' }, text);
  }
  for (const text of ['', 'DBABTA', 'DBABTA~2YYY', 'CBABTA~1YYY', 'DBABTA~1YYY~1YYY']) {
    assert.throws(() => decodeGpp(text), { name: 'bad-consent-string' }, text);
  }
});

test('purposes of the TCF allow ours only together', () => {
  const has = (...numbers: number[]) => purposesOfTcf((number) => numbers.includes(number));
  assert.deepEqual(has(1, 8), { analytics: true, personalization: false, marketing: false });
  assert.deepEqual(has(1, 5, 6), { analytics: false, personalization: true, marketing: false });
  assert.deepEqual(has(1, 3, 4), { analytics: false, personalization: false, marketing: true });
  assert.deepEqual(has(3, 4, 5, 6, 8), { analytics: false, personalization: false, marketing: false });
});

test('who opted out of sale in the US is not marketed to, and the browser’s word is for all', () => {
  assert.deepEqual(purposesOfGpp(decodeGpp('DBABTA~1YYN')), { analytics: true, personalization: true, marketing: false });
  assert.deepEqual(purposesOfGpp(decodeGpp('DBABTA~1YNN')), { analytics: true, personalization: true, marketing: true });
  assert.deepEqual(purposesOfGpp(decodeGpp('DBABLA~CEAVAAAAAACA.QA')).marketing, false);
  // The same with its GPC segment set.
  assert.deepEqual(purposesOfGpp(decodeGpp('DBABLA~CEAVAAAAAACA.YA')), { analytics: false, personalization: false, marketing: false });
});
