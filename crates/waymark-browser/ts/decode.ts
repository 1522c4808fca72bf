// Decisions (`waymark_engine::Decision::encode`) and effects (`src/effects.rs`), read.

import { Reader, toHex } from './bytes';
import type { Decision, Effects, SlotDecision } from './types';

const REASONS = ['rule', 'no-match', 'no-consent'];
/** By the number of their kind. Of two kinds the text is JSON. */
const BODIES = ['text', 'html', 'json', 'patch', 'redirect'] as const;

export interface Applied extends Effects {
  duplicate: boolean;
  seq: number;
}

const endless = (ms: number): number | null => (Number.isFinite(ms) ? ms : null);

export function decodeDecision(bytes: Uint8Array): Decision {
  const input = new Reader(bytes);
  const pack = toHex(input.raw(16));
  const seq = input.unsigned();
  input.number();
  const validUntil = endless(input.number());
  const segments = input.list(() => input.text());
  const stage = input.optionalText();
  const slots: Decision['slots'] = Object.create(null);
  input.list(() => {
    const id = input.text();
    const reason = REASONS[input.byte()] ?? '';
    const slot: SlotDecision = { rule: input.optionalText(), content: input.optionalText(), reason };
    if (input.byte()) {
      const kind = BODIES[input.byte()] ?? 'text';
      const text = input.text();
      if (kind === 'json' || kind === 'patch') slot[kind] = JSON.parse(text);
      else slot[kind] = text;
    }
    slots[id] = slot;
  });
  return { slots, segments, stage, validUntil, pack, seq, source: 'device' };
}

export function decodeEffects(bytes: Uint8Array): Applied {
  const input = new Reader(bytes);
  const duplicate = input.byte() === 3;
  const seq = input.unsigned();
  const entered = input.list(() => input.text());
  const left = input.list(() => input.text());
  const stage = input.byte() ? { from: input.optionalText(), to: input.optionalText() } : null;
  return { duplicate, seq, entered, left, stage };
}
