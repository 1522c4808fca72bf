// How a page shows what was decided: the SDK's own code.

import { patch as apply } from '../../crates/waymark-browser/ts/modules/patches';
import { Slots } from '../../crates/waymark-browser/ts/page/slots';
import type { Decision, SlotDecision } from '../../crates/waymark-browser/ts/types';

const failures: string[] = [];
const slots = new Slots({
  fail: (code, message) => void failures.push(`${code}: ${message}`),
  appeared: () => undefined,
  present: () => undefined,
  patch: apply,
});

/** Shows a list of what slots say, each in an element of its own. Gives what could not be shown. */
export function show(list: SlotDecision[]): string[] {
  const decision = { slots: {} } as Decision;
  list.forEach((slot, at) => {
    const element = document.createElement('div');
    element.setAttribute('data-waymark-slot', `s${at}`);
    document.getElementById('here')!.append(element);
    decision.slots[`s${at}`] = slot;
  });
  slots.show(decision);
  return failures.splice(0);
}

/** Shows one patch, and takes it back. */
export function patch(slot: SlotDecision): void {
  slots.patch({ slots: { patch: slot } } as unknown as Decision);
}
