// The decision that the edge put into the page with its content.

import { fromBase64 } from './bytes';
import type { Decision, JsonObject, SlotDecision } from './types';

export interface Embedded {
  decision: Decision;
  now: number;
  /** What the edge knew and a page cannot: `geo`, and the `device` and `locale` it went by. */
  context: JsonObject;
  /** The edge's state of the visitor, at the decision's `seq`. */
  state: Uint8Array | undefined;
}

export function embedded(): Embedded | undefined {
  const text = document.getElementById('waymark-decision')?.textContent;
  if (!text) return undefined;
  try {
    const { pack, seq, now, validUntil, segments, stage, slots, context, state } = JSON.parse(text);
    const all: Decision['slots'] = Object.create(null);
    for (const [id, slot] of Object.entries(slots ?? {})) {
      const { content = null, rule = null, reason = '' } = slot as Partial<SlotDecision>;
      all[id] = { content, rule, reason };
    }
    return {
      decision: {
        slots: all,
        segments: segments ?? [],
        stage: stage ?? null,
        validUntil: validUntil ?? null,
        pack: pack ?? null,
        seq: seq ?? 0,
        source: 'edge',
      },
      now: Number(now) || 0,
      context: context ?? {},
      state: state ? fromBase64(state) : undefined,
    };
  } catch {
    return undefined;
  }
}

/** Whether two decisions show the same. */
export function agree(one: Decision, other: Decision): boolean {
  const ids = new Set([...Object.keys(one.slots), ...Object.keys(other.slots)]);
  for (const id of ids) {
    const [a, b] = [one.slots[id], other.slots[id]];
    // A slot that nobody knows keeps the author's content.
    if ((a?.content ?? null) !== (b?.content ?? null)) return false;
    if ((a?.rule ?? null) !== (b?.rule ?? null)) return false;
  }
  return true;
}
