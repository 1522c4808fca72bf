// TC strings: the IAB's Transparency and Consent Framework, v2.2
// (https://github.com/InteractiveAdvertisingBureau/GDPR-Transparency-and-Consent-Framework).

import type { Purposes } from '../../types';
import { Bits } from './bits';

export interface TcString {
  version: number;
  created: string;
  lastUpdated: string;
  cmpId: number;
  cmpVersion: number;
  consentScreen: number;
  consentLanguage: string;
  vendorListVersion: number;
  policyVersion: number;
  isServiceSpecific: boolean;
  useNonStandardTexts: boolean;
  specialFeatureOptins: number[];
  purposeConsents: number[];
  purposeLegitimateInterests: number[];
  purposeOneTreatment: boolean;
  publisherCountryCode: string;
  vendorConsents: number[];
  vendorLegitimateInterests: number[];
  publisherRestrictions: { purpose: number; type: number; vendors: number[] }[];
  vendorsDisclosed: number[];
  publisherConsents: number[];
  publisherLegitimateInterests: number[];
  publisherCustomConsents: number[];
}

/** Throws a `BadString` for what is none. */
export function decodeTc(text: string): TcString {
  const [core = '', ...segments] = text.split('.');
  const bits = new Bits(core);
  const decoded: TcString = {
    version: bits.number(6),
    created: date(bits),
    lastUpdated: date(bits),
    cmpId: bits.number(12),
    cmpVersion: bits.number(12),
    consentScreen: bits.number(6),
    consentLanguage: bits.letters(2),
    vendorListVersion: bits.number(12),
    policyVersion: bits.number(6),
    isServiceSpecific: bits.flag(),
    useNonStandardTexts: bits.flag(),
    specialFeatureOptins: bits.set(12),
    purposeConsents: bits.set(24),
    purposeLegitimateInterests: bits.set(24),
    purposeOneTreatment: bits.flag(),
    publisherCountryCode: bits.letters(2),
    vendorConsents: vendors(bits),
    vendorLegitimateInterests: vendors(bits),
    publisherRestrictions: Array.from({ length: bits.number(12) }, () => ({
      purpose: bits.number(6),
      type: bits.number(2),
      vendors: ranges(bits),
    })),
    vendorsDisclosed: [],
    publisherConsents: [],
    publisherLegitimateInterests: [],
    publisherCustomConsents: [],
  };
  for (const segment of segments) {
    const more = new Bits(segment);
    const type = more.number(3);
    if (type === 1) decoded.vendorsDisclosed = vendors(more);
    if (type === 3) {
      decoded.publisherConsents = more.set(24);
      decoded.publisherLegitimateInterests = more.set(24);
      const custom = more.number(6);
      decoded.publisherCustomConsents = more.set(custom);
    }
  }
  return decoded;
}

/** Tenths of a second. */
const date = (bits: Bits): string => new Date(bits.number(36) * 100).toISOString();

function vendors(bits: Bits): number[] {
  const largest = bits.number(16);
  return bits.flag() ? ranges(bits) : bits.set(largest);
}

function ranges(bits: Bits): number[] {
  return Array.from({ length: bits.number(12) }, () => {
    const isRange = bits.flag();
    const first = bits.number(16);
    const last = isRange ? bits.number(16) : first;
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, at) => first + at);
  }).flat();
}

/**
 * What purposes of the TCF allow ours: 1 to store, 8 to measure content, 5 and 6 to make and use profiles
 * that choose content, 3 and 4 the same of advertising.
 */
export function purposesOfTcf(has: (purpose: number) => boolean): Purposes {
  const all = (...purposes: number[]): boolean => purposes.every(has);
  return { analytics: all(1, 8), personalization: all(1, 5, 6), marketing: all(1, 3, 4) };
}

/** What a platform's `__tcfapi` tells. */
export interface TcData {
  eventStatus?: string;
  gdprApplies?: boolean;
  tcString?: string;
  purpose?: { consents?: Record<number, boolean> };
  publisher?: { consents?: Record<number, boolean> };
}

/** The publisher's own consents count where the platform asks for them, also when all of them are refused. */
export function purposesOfTcData({ tcString = '', publisher, purpose }: TcData): Purposes {
  const own = publisher?.consents ?? {};
  // Platforms leave out what is refused. That there was a question the string says: a segment of the third type.
  const asked = Object.keys(own).length > 0 || /\.[YZa-f]/.test(tcString);
  const said = (asked ? own : purpose?.consents) ?? {};
  return purposesOfTcf((number) => said[number] === true);
}
