// GPP strings: the IAB's Global Privacy Platform
// (https://github.com/InteractiveAdvertisingBureau/Global-Privacy-Platform).

import type { Json, Purposes } from '../../types';
import { BadString, Bits } from './bits';
import { decodeTc, purposesOfTcf, type TcString } from './tcf';

type Section = Record<string, Json>;

export interface GppString {
  sectionIds: number[];
  /** By name; sections that are not known here are left out. */
  sections: Record<string, Section | TcString>;
}

const MSPA = ' MspaCoveredTransaction MspaOptOutOptionMode MspaServiceProviderMode';

/** A state's section: whose notice comes first, and how many kinds of sensitive data and of children's it has. */
const state = (first: string, sensitive: number, children: number, between = '', more = ''): string =>
  `${first} SaleOptOutNotice TargetedAdvertisingOptOutNotice${between} SaleOptOut TargetedAdvertisingOptOut ` +
  `SensitiveDataProcessing*${sensitive} KnownChildSensitiveDataConsents${children > 1 ? `*${children}` : ''}${more}${MSPA}`;

const MORE = ' AdditionalDataProcessingConsent';

/** By id, the name and the fields of two bits each after the version's six; `*` says how many of one. */
const SECTIONS: Record<number, readonly [name: string, fields: string]> = {
  7: [
    'usnat',
    'SharingNotice SaleOptOutNotice SharingOptOutNotice TargetedAdvertisingOptOutNotice ' +
      'SensitiveDataProcessingOptOutNotice SensitiveDataLimitUseNotice SaleOptOut SharingOptOut ' +
      'TargetedAdvertisingOptOut SensitiveDataProcessing*16 KnownChildSensitiveDataConsents*3 ' +
      `PersonalDataConsents${MSPA}`,
  ],
  8: [
    'usca',
    'SaleOptOutNotice SharingOptOutNotice SensitiveDataLimitUseNotice SaleOptOut SharingOptOut ' +
      `SensitiveDataProcessing*9 KnownChildSensitiveDataConsents*2 PersonalDataConsents${MSPA}`,
  ],
  9: ['usva', state('SharingNotice', 8, 1)],
  10: ['usco', state('SharingNotice', 7, 1)],
  11: ['usut', state('SharingNotice', 8, 1, ' SensitiveDataProcessingOptOutNotice')],
  12: ['usct', state('SharingNotice', 8, 3)],
  13: ['usfl', state('ProcessingNotice', 8, 3, '', MORE)],
  14: ['usmt', state('SharingNotice', 8, 3, '', MORE)],
  15: ['usor', state('ProcessingNotice', 11, 3, '', MORE)],
  16: ['ustx', state('ProcessingNotice', 8, 1, '', MORE)],
  17: ['usde', state('ProcessingNotice', 9, 5, '', MORE)],
  18: ['usia', state('ProcessingNotice', 8, 1, ' SensitiveDataOptOutNotice')],
  19: ['usne', state('ProcessingNotice', 8, 1, '', MORE)],
  20: ['usnh', state('ProcessingNotice', 8, 3, '', MORE)],
  21: ['usnj', state('ProcessingNotice', 10, 5, '', MORE)],
  22: ['ustn', state('ProcessingNotice', 8, 1, '', MORE)],
};

const nameOf = (id: number): string | undefined => (id === 2 ? 'tcfeuv2' : id === 6 ? 'uspv1' : SECTIONS[id]?.[0]);

/** Throws a `BadString` for what is none. */
export function decodeGpp(text: string): GppString {
  const [header = '', ...texts] = text.split('~');
  const bits = new Bits(header);
  if (bits.number(6) !== 3) throw new BadString('it does not begin as GPP strings do');
  bits.number(6);
  const sectionIds: number[] = [];
  for (let entries = bits.number(12), last = 0; entries > 0; entries--) {
    const isRange = bits.flag();
    const first = last + bits.fibonacci();
    last = isRange ? first + bits.fibonacci() : first;
    for (let id = first; id <= last; id++) sectionIds.push(id);
  }
  if (sectionIds.length !== texts.length) throw new BadString('it has other sections than it says');
  const sections: GppString['sections'] = {};
  sectionIds.forEach((id, at) => {
    const [section, name] = [texts[at]!, nameOf(id)];
    if (!name) return;
    sections[name] = id === 2 ? decodeTc(section) : id === 6 ? usPrivacy(section) : usState(SECTIONS[id]![1], section);
  });
  return { sectionIds, sections };
}

/** `1YNN`: https://github.com/InteractiveAdvertisingBureau/USPrivacy */
function usPrivacy(text: string): Section {
  if (!/^1[YN-]{3}$/.test(text)) throw new BadString(`${text} is no US privacy string`);
  const [, notice, sale, lspa] = text as unknown as string[];
  return { Version: 1, Notice: notice!, OptOutSale: sale!, LspaCovered: lspa! };
}

function usState(fields: string, text: string): Section {
  const [core = '', ...segments] = text.split('.');
  const bits = new Bits(core);
  const section: Section = { Version: bits.number(6) };
  // The first version of the national section had fewer.
  if (section['Version'] === 1) fields = fields.replace('*16 KnownChildSensitiveDataConsents*3', '*12 KnownChildSensitiveDataConsents*2');
  for (const field of fields.split(' ')) {
    const [name = '', times] = field.split('*');
    section[name] = times === undefined ? bits.number(2) : bits.numbers(+times, 2);
  }
  for (const segment of segments) {
    const more = new Bits(segment);
    const type = more.number(2);
    if (type === 1) Object.assign(section, { GpcSegmentType: type, Gpc: more.flag() });
  }
  return section;
}

const NOTHING: Purposes = { analytics: false, personalization: false, marketing: false };

/**
 * What was opted out of in the US is not allowed; what needs no consent there is. Goes by the sections that are
 * `applicable`; by all of the string's where nobody says which. Of a section that is not known nothing is allowed.
 */
export function purposesOfGpp({ sectionIds, sections }: GppString, applicable = sectionIds): Purposes {
  const purposes = { analytics: true, personalization: true, marketing: true };
  // The browser's word, wherever it is: see `consent.ts`.
  if (!applicable.length || Object.values(sections).some((section) => (section as Section)['Gpc'] === true)) return NOTHING;
  for (const id of applicable) {
    const section = sections[nameOf(id) ?? ''];
    if (!section) return NOTHING;
    if (id === 2) {
      const tcf = purposesOfTcf((purpose) => (section as TcString).purposeConsents.includes(purpose));
      for (const purpose of ['analytics', 'personalization', 'marketing'] as const) {
        purposes[purpose] &&= tcf[purpose];
      }
      continue;
    }
    const said = section as Section;
    const out = (field: string): boolean => said[field] === 1;
    if (out('SaleOptOut') || out('SharingOptOut') || out('TargetedAdvertisingOptOut') || said['OptOutSale'] === 'Y') {
      purposes.marketing = false;
    }
  }
  return purposes;
}
