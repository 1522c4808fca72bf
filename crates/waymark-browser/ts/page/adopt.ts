// The decision that the edge put into the page with its content.

import type { Decision, Exposure, JsonObject, SlotDecision, View } from '../types';

export interface Embedded {
  decision: Decision;
  now: number;
  /** The groups that the edge went by and a page cannot know: `geo`. */
  context: JsonObject;
}

export function embedded(): Embedded | undefined {
  const text = document.querySelector('script#waymark-decision')?.textContent;
  if (!text) return undefined;
  try {
    const { pack, seq, now, validUntil, segments, stage, slots, context, exposures, views } =
      JSON.parse(text);
    const all: Decision['slots'] = Object.create(null);
    for (const [id, slot] of Object.entries(slots ?? {})) {
      all[id] = { content: null, rule: null, reason: '', ...(slot as Partial<SlotDecision>) };
    }
    // What the page's own code gets, and changes, have no place in it.
    const placed = (slot: string): boolean => !(all[slot]?.json || all[slot]?.patch);
    const logged = <Item extends { slot: string }>(items: Item[] = []) =>
      items.map((item) => ({ decided: false, ...item, placed: placed(item.slot) }));
    return {
      decision: {
        slots: all,
        exposures: logged<Exposure>(exposures),
        views: logged<View>(views),
        segments: segments ?? [],
        stage: stage ?? null,
        validUntil: validUntil ? Date.parse(validUntil) : null,
        pack: pack ?? null,
        seq: seq ?? 0,
        source: 'edge',
      },
      now: Date.parse(now) || 0,
      context: context ?? {},
    };
  } catch {
    return undefined;
  }
}

/** Of the edge's decision what the device does not decide: those slots are the edge's alone. */
export function edgesOwn(edge: Decision, device: Decision): EdgesOwn {
  const own = ({ slot }: { slot: string }): boolean => !(slot in device.slots);
  return {
    slots: Object.fromEntries(Object.entries(edge.slots).filter(([slot]) => own({ slot }))),
    exposures: (edge.exposures ?? []).filter(own),
    views: (edge.views ?? []).filter(own),
  };
}

export type EdgesOwn = Required<Pick<Decision, 'slots' | 'exposures' | 'views'>>;

/** Whether two decisions say the same. The edge's leaves out the content itself: it is in the page. */
export function agree(one: Decision, other: Decision): boolean {
  const said = ({ slots, segments, stage }: Decision): string => {
    const shown = Object.entries(slots).map(([id, slot]) => [id, slot.content, slot.rule]);
    return JSON.stringify([shown.sort(), segments, stage]);
  };
  if (said(one) !== said(other)) return false;
  return Object.entries(one.slots).every(([id, slot]) => {
    const [a, b] = [body(slot), body(other.slots[id]!)];
    return a === undefined || b === undefined || a === b;
  });
}

const body = (slot: SlotDecision): string | undefined => slot.html ?? slot.text ?? slot.redirect;
