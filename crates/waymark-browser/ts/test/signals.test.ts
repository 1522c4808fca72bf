import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { consentMode } from '../modules/signals/google';
import { decodeGpp, purposesOfGpp } from '../modules/signals/gpp';
import { decodeTc, purposesOfTcData, purposesOfTcf } from '../modules/signals/tcf';

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

test('the publisher’s own consents count where they were asked for, also when all are refused', () => {
  const consents = Object.fromEntries(Array.from({ length: 10 }, (_, at) => [at + 1, true]));
  const refused = Object.fromEntries(Object.keys(consents).map((purpose) => [purpose, false]));
  const core = 'COvFyGBOvFyGBAbAAAENAPCAAOAAAAAAAAAAAEEUACCKAAA';
  const allowed = (publisher?: object, tcString?: string) =>
    Object.values(purposesOfTcData({ purpose: { consents }, publisher, tcString } as never)).some(Boolean);
  assert.equal(allowed(), true);
  assert.equal(allowed({ consents: {} }, `${core}.IFoEUQQgAIQwgIwQABAEAAAAOIAACAIAAAAQAIAgEAACEAAAAAgAQBAAAAAAAGBAAgAAAAAAAFAAECAAAgAAQARAEQAAAAAJAAIAAgAAAYQEAAAQmAgBC3ZAYzUw`), true, 'vendors are disclosed only');
  assert.equal(allowed({ consents: refused }), false);
  assert.equal(allowed({ consents: {} }, `${core}.YAAAAAAAAAA`), false);
  assert.deepEqual(purposesOfTcData({ purpose: { consents }, publisher: { consents: { ...refused, 1: true, 8: true } } }), { analytics: true, personalization: false, marketing: false });
});

test('who opted out of sale in the US is not marketed to, and the browser’s word is for all', () => {
  assert.deepEqual(purposesOfGpp(decodeGpp('DBABTA~1YYN')), { analytics: true, personalization: true, marketing: false });
  assert.deepEqual(purposesOfGpp(decodeGpp('DBABTA~1YNN')), { analytics: true, personalization: true, marketing: true });
  assert.deepEqual(purposesOfGpp(decodeGpp('DBABLA~CEAVAAAAAACA.QA')).marketing, false);
  // The same with its GPC segment set.
  assert.deepEqual(purposesOfGpp(decodeGpp('DBABLA~CEAVAAAAAACA.YA')), { analytics: false, personalization: false, marketing: false });
});

test('a GPP section that is not known allows nothing, and the platform says which apply', () => {
  const allowed = (text: string, applicable?: number[]) => Object.values(purposesOfGpp(decodeGpp(text), applicable)).some(Boolean);
  // None at all, Canada's, one of the US that is younger than this, and the same beside one that is known.
  for (const text of ['DBAA', 'DBABD~COvFyGBOvFyGBAbAAAENAPCAAA', 'DBABIY~BVVVVVVV', 'DBACDM~COvFyGBOvFyGBAbAAAENAPCAAA~CEAVAAAAAACA.QA']) {
    assert.equal(allowed(text), false, text);
  }
  const both = 'DBACDM~COvFyGBOvFyGBAbAAAENAPCAAA~CEAVAAAAAACA.QA';
  assert.equal(allowed(both, [7]), true);
  assert.equal(allowed(both, [5]), false);
  assert.equal(allowed(both, [8]), false, 'it applies and is not there');
  assert.equal(allowed(both, [5, 7]), false);
});

test('of the IAB’s GPP strings each allows what its own section does', { skip: absent }, () => {
  const { strings } = truth('gpp') as { strings: { name: string; gpp: string; sectionIds: number[] }[] };
  for (const { name, gpp, sectionIds } of strings) {
    const purposes = purposesOfGpp(decodeGpp(gpp), sectionIds);
    assert.deepEqual(purposes, { analytics: true, personalization: true, marketing: !/YY|opt-out/.test(name) && purposes.marketing }, name);
    assert.deepEqual(Object.values(purposesOfGpp(decodeGpp(gpp), [5])), [false, false, false], name);
  }
});

test('Google’s defaults for some regions hold for everybody, since a page knows none, until there is an update', () => {
  const signals = ['analytics_storage', 'personalization_storage', 'ad_storage', 'ad_user_data', 'ad_personalization'];
  const all = (word: string, more = {}) => ({ ...Object.fromEntries(signals.map((name) => [name, word])), ...more });
  const [yes, no] = [true, false].map((said) => ({ analytics: said, personalization: said, marketing: said }));
  const said = (...entries: unknown[][]) => {
    const read = consentMode();
    return entries.map((entry) => read(['consent', ...entry]));
  };
  const denied = ['default', all('denied', { region: ['DE', 'US-CA'] })];
  const granted = ['default', all('granted')];
  assert.deepEqual(said(denied, granted), [undefined, undefined]);
  assert.deepEqual(said(denied, granted, ['update', all('granted')]).pop(), yes);
  assert.deepEqual(said(denied, granted, ['update', all('denied')]).pop(), no);
  // The other way round: what the first gave is taken back.
  assert.deepEqual(said(granted, denied), [yes, no]);
  // Granted for some regions only, it is granted to nobody.
  assert.deepEqual(said(['default', all('denied')], ['default', all('granted', { region: ['US'] })]), [undefined, undefined]);
  // A default that comes late does not change the visitor's answer.
  assert.deepEqual(said(['update', all('granted')], denied).pop(), yes);
  assert.deepEqual(said(granted, ['default', { ad_storage: 'denied', region: ['DE'] }]).pop(), { ...yes, marketing: false });
});
