// Content in the page. What the author wrote is kept, and comes back when nothing takes its place.

import { Patches } from './patches';
import { lead } from './redirect';
import type { Decision, SlotDecision } from './types';

const SLOT = 'data-waymark-slot';
/** The id of the content that a slot shows, if it is not the author's. */
const CONTENT = 'data-waymark-content';

interface Shown {
  body: string | null;
  /** The author's nodes; none where the edge had replaced them before the page came. */
  author: Node[] | undefined;
}

export class Slots {
  private readonly shown = new Map<Element, Shown>();
  private readonly patches = new Patches();
  private policy: { createHTML(html: string): unknown } | undefined;

  constructor(private readonly fail: (code: string, message: string) => void) {}

  /** Shows a decision. Only what differs is touched. */
  show(decision: Decision): void {
    const target = Object.values(decision.slots).find((slot) => slot.redirect !== undefined)?.redirect;
    if (target !== undefined && lead(target)) return;
    for (const element of this.shown.keys()) {
      if (!element.isConnected) this.shown.delete(element);
    }
    for (const element of document.querySelectorAll(`[${SLOT}]`)) {
      const slot = decision.slots[element.getAttribute(SLOT)!];
      if (!slot) continue;
      try {
        const body = slot.html ?? slot.text;
        if (slot.content !== null && body !== undefined) this.fill(element, slot, slot.content, body);
        // What the edge alone can fetch, it has put there.
        else if (slot.content === null || element.getAttribute(CONTENT) !== slot.content) {
          this.restore(element);
        }
      } catch (error) {
        this.fail('slot-failed', String(error));
      }
    }
    this.patch(decision);
  }

  /** Makes a decision's changes to the page, and takes those of another back. */
  patch(decision: Decision): void {
    try {
      this.patches.apply(Object.values(decision.slots).flatMap((slot) => slot.patch ?? []));
    } catch (error) {
      this.fail('slot-failed', String(error));
    }
  }

  /** Whether the page has a place for it. */
  has(slot: string): boolean {
    return document.querySelector(`[${SLOT}="${CSS.escape(slot)}"]`) !== null;
  }

  /** The author's content everywhere. Gives whether some of it never reached this page. */
  restoreAll(): boolean {
    this.patches.takeBack();
    let lost = false;
    for (const element of document.querySelectorAll(`[${SLOT}]`)) {
      if (!this.restore(element)) lost = true;
    }
    return lost;
  }

  /** Asks for the page again, now that nobody is known, for what the edge had taken out of it. */
  async fetchAuthors(): Promise<void> {
    const response = await fetch(location.href, { cache: 'reload' });
    if (!response.ok) return;
    const page = document.createElement('template');
    page.innerHTML = this.trusted(await response.text()) as string;
    for (const element of document.querySelectorAll(`[${SLOT}][${CONTENT}]`)) {
      const id = CSS.escape(element.getAttribute(SLOT)!);
      const fresh = page.content.querySelector(`[${SLOT}="${id}"]`);
      if (!fresh || this.shown.get(element)?.author) continue;
      element.replaceChildren(...fresh.childNodes);
      const content = fresh.getAttribute(CONTENT);
      if (content === null) element.removeAttribute(CONTENT);
      else element.setAttribute(CONTENT, content);
      this.shown.delete(element);
    }
  }

  private fill(element: Element, slot: SlotDecision, content: string, body: string): void {
    let shown = this.shown.get(element);
    if (shown?.body === body) {
      element.setAttribute(CONTENT, content);
      return;
    }
    const fragment = document.createElement('template');
    if (slot.html === undefined) fragment.content.textContent = body;
    else fragment.innerHTML = this.trusted(body) as string;
    if (!shown) {
      const byEdge = element.hasAttribute(CONTENT);
      shown = { body: null, author: byEdge ? undefined : [...element.childNodes] };
      this.shown.set(element, shown);
    }
    if (fragment.innerHTML !== element.innerHTML) element.replaceChildren(fragment.content);
    element.setAttribute(CONTENT, content);
    shown.body = body;
  }

  private restore(element: Element): boolean {
    const shown = this.shown.get(element);
    if (!shown?.author) return !element.hasAttribute(CONTENT);
    element.replaceChildren(...shown.author);
    element.removeAttribute(CONTENT);
    this.shown.delete(element);
    return true;
  }

  /** HTML was made safe when its pack was published, and values when they were put in. */
  private trusted(html: string): unknown {
    if (!window.trustedTypes) return html;
    this.policy ??= window.trustedTypes.createPolicy('waymark', { createHTML: (safe) => safe });
    return this.policy.createHTML(html);
  }
}
