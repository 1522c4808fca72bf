// Lists in attributes of the tag.

import type { Sdk } from '../sdk';

/** The words of a list. One that is not known is said. */
export function words(sdk: Sdk, attribute: string, known: readonly string[], said = ''): Set<string> {
  const all = new Set(said.split(/[\s,]+/).filter(Boolean));
  for (const word of all) {
    if (known.includes(word)) continue;
    sdk.fail(`unknown-${attribute}`, `data-${attribute} knows ${known.join(', ')}, not ${word}`);
    all.delete(word);
  }
  return all;
}
