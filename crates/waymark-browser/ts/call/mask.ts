// Personal data that nobody meant to send: in addresses, and in properties.

import type { Json } from '../types';

/** What anything below has in it; most texts have nothing of the kind. */
const SUSPECT = /@|%40|\d[\d ().%+-]{7,}\d/;
/** As addresses write what numbers and e-mail addresses are divided by; `+` may stand for a space there. */
const ENCODED = /%(?:2[089b]|40)/gi;
const EMAIL = /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g;
const CARD = /\b(?:\d[ +-]?){12,18}\d\b/g;
/** With its country's code, or as North America and China write theirs. */
const PHONE = /\+\d[\d ().+-]{6,16}\d\b|\(?\b\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b|\b1[3-9]\d{9}\b/g;
const ID = /(?:^|_)(?:id|sku)$|(?:Id|Token)$/;

/** A copy in which e-mail addresses, card and phone numbers are named rather than shown. `text` is the value's JSON. */
export function masked<Value extends Json>(value: Value, text = JSON.stringify(value)): Value {
  return (SUSPECT.test(text) ? within(value) : value) as Value;
}

function within(value: Json, name = ''): Json {
  // Numbers of orders and products look like those of phones; in tokens there is anything.
  if (typeof value === 'string') return maskedText(value, !ID.test(name));
  // A card's number fits into a number.
  if (typeof value === 'number') return isCard(String(value)) ? '[card]' : value;
  if (Array.isArray(value)) return value.map((inner) => within(inner, name));
  if (!value || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, within(inner, key)]));
}

function maskedText(text: string, phones: boolean): string {
  const plain = text.replace(ENCODED, decodeURIComponent);
  const rest = plain
    .replace(EMAIL, '[email]')
    .replace(CARD, (digits) => (isCard(digits.replace(/\D/g, '')) ? '[card]' : digits));
  const masked = phones ? rest.replace(PHONE, '[phone]') : rest;
  return masked === plain ? text : masked;
}

/** By the numbers that networks begin with and the check digit (ISO/IEC 7812-1). */
function isCard(digits: string): boolean {
  if (!/^(?:4|5[1-5]|2[2-7]|3[4-7]|6)\d{11,17}$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = +digits[digits.length - 1 - i]! * ((i % 2) + 1);
    sum += digit > 9 ? digit - 9 : digit;
  }
  return sum % 10 === 0;
}
