// Decisions (`waymark_engine::Decision::encode`) and effects (`src/effects.rs`), read.

import { Reader, toHex } from './bytes';
import type { Assignment, Decision, Effects, Exposure, SlotDecision, View } from '../types';

const REASONS = ['rule', 'no-match', 'no-consent', 'experiment', 'held-out'];
/** By the number of their kind. Of two kinds the text is JSON. */
const BODIES = ['text', 'html', 'json', 'patch', 'redirect'] as const;
const PRESENTATIONS = [undefined, 'banner', 'modal', 'toast'] as const;

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
      const how = input.byte();
      const kind = BODIES[how & 15] ?? 'text';
      const as = PRESENTATIONS[how >> 4];
      if (as) slot.as = as;
      const text = input.text();
      if (kind === 'json' || kind === 'patch') slot[kind] = JSON.parse(text);
      else slot[kind] = text;
    }
    if (input.byte()) slot.experiment = readAssignment(input);
    slots[id] = slot;
  });
  const decision: Decision = { slots, segments, stage, validUntil, pack, seq, source: 'device' };
  const exposures = input.list(() => readExposure(input));
  if (exposures.length) decision.exposures = exposures;
  const views = input.list(() => readView(input));
  if (views.length) decision.views = views;
  return decision;
}

function readAssignment(input: Reader): Assignment {
  const [id, variation, number] = [input.text(), input.text(), input.unsigned()];
  const flag = (): boolean => input.byte() === 1;
  const [included, counted, forced, sticky, conflict] = [flag(), flag(), flag(), flag(), flag()];
  // The bucket, how likely it was, whose it is and the context: of interest where reports are made.
  if (flag()) input.number();
  input.number();
  input.optionalText();
  if (flag()) input.unsigned();
  return { id, variation, number, included, counted, forced, sticky, conflict };
}

function readExposure(input: Reader): Exposure {
  const [slot, rule_id, experiment_id, variation_id] =
    [input.text(), input.text(), input.text(), input.text()];
  const [bucket_version, propensity] = [input.unsigned(), input.number()];
  const exposure: Exposure =
    { experiment_id, variation_id, bucket_version, slot, rule_id, propensity, placed: false };
  const unit = input.optionalText();
  if (unit !== null) exposure['unit'] = unit;
  if (input.byte()) exposure['conflict'] = true;
  exposure.placed = input.byte() === 1;
  return exposure;
}

function readView(input: Reader): View {
  const [slot, rule_id, content_id] = [input.text(), input.text(), input.text()];
  const contact = input.optionalText();
  const [session, placed, decided] = [input.number(), input.byte() === 1, input.byte() === 1];
  const view: View = { slot, rule_id, content_id, session, placed, decided };
  if (contact !== null) view['contact'] = contact;
  return view;
}

export const decodeEffects = (bytes: Uint8Array): Applied => readEffects(new Reader(bytes));

/** What is done when something changes. */
export interface Acted {
  id: string;
  event: string;
  properties: Record<string, string>;
  effects: Applied;
}

export function decodeActed(bytes: Uint8Array): Acted[] {
  const input = new Reader(bytes);
  return input.list(() => {
    const [id, event] = [input.text(), input.text()];
    const properties = Object.fromEntries(input.list(() => [input.text(), input.text()]));
    return { id, event, properties, effects: readEffects(input) };
  });
}

function readEffects(input: Reader): Applied {
  const duplicate = input.byte() === 3;
  const seq = input.unsigned();
  const entered = input.list(() => input.text());
  const left = input.list(() => input.text());
  const stage = input.byte() ? { from: input.optionalText(), to: input.optionalText() } : null;
  return { duplicate, seq, entered, left, stage };
}
