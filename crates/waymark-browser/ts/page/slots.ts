// Content in the page. What the author wrote is kept, and comes back when nothing takes its place.

import { lead } from './redirect';
import type { Change, Decision, SlotDecision } from '../types';

const SLOT = 'data-waymark-slot';
const ANY = `[${SLOT}]`;
/** The id of the content that a slot shows, if it is not the author's. */
const CONTENT = 'data-waymark-content';
/** On the page's root once slots need not be held back any longer. */
const READY = 'data-waymark-ready';
/** How often a page may take a slot's content away before it is left alone. */
const CONTESTS = 5;

export interface SlotHost {
  fail(code: string, message: string): void;
  /** The page has a slot that it had not. */
  appeared(): void;
  /** Shows what has no place in the page, but a way to be shown above it. */
  present(id: string, slot: SlotDecision): void;
  /** Makes changes to the page, in place of those before. */
  patch(changes: Change[]): void;
}

interface Shown {
  body: string | null;
  /** The author's nodes; none where the edge had replaced them before the page came. */
  author: Node[] | undefined;
  /** Those of the body. */
  nodes: Node[];
  contests: number;
}

export class Slots {
  readonly #host: SlotHost;
  readonly #shown = new Map<Element, Shown>();
  readonly #roots = new Set<ParentNode>();
  /** Slots of which something is, or was, shown above the page. */
  readonly #presented = new Set<string>();
  /** Names of elements that are not defined yet: they may have shadow roots once they are. */
  readonly #awaited = new Set<string>();
  readonly #observer = new MutationObserver((records) => this.#changed(records));
  #latest: Decision | undefined;
  /** Whether the page was ever changed: few are. */
  #patched = false;
  #policy: { createHTML(html: string): unknown } | undefined;

  constructor(host: SlotHost) {
    this.#host = host;
    this.#watch(document);
    addEventListener('load', () => this.#search());
  }

  /** Shows a decision. Only what differs is touched. */
  show(decision: Decision): void {
    this.#latest = decision;
    const all = Object.entries(decision.slots);
    const target = all.find(([, slot]) => slot.redirect !== undefined)?.[1].redirect;
    if (target !== undefined && lead(target)) return;
    this.#changed(this.#observer.takeRecords(), true);
    for (const element of this.#shown.keys()) {
      if (!element.isConnected) this.#shown.delete(element);
    }
    for (const root of this.#roots) {
      if (root instanceof ShadowRoot && !root.host.isConnected) this.#roots.delete(root);
    }
    for (const element of this.#elements(ANY)) {
      const slot = decision.slots[element.getAttribute(SLOT)!];
      if (slot) this.#put(element, slot);
    }
    for (const [id, slot] of all) {
      if (!slot.as || this.#elements(`[${SLOT}="${CSS.escape(id)}"]`).length) continue;
      if (slot.content === null && !this.#presented.has(id)) continue;
      this.#presented.add(id);
      this.#host.present(id, slot);
    }
    this.patch(decision);
    this.release();
    // What has just been done is no news.
    this.#observer.takeRecords();
  }

  /** Lets slots be seen that were held back until there is a decision. */
  release(): void {
    document.documentElement.toggleAttribute(READY, true);
  }

  /** Makes a decision's changes to the page, and takes those of another back. */
  patch(decision?: Decision): void {
    const changes = Object.values(decision?.slots ?? {}).flatMap((slot) => slot.patch ?? []);
    if ((this.#patched ||= changes.length > 0)) this.#host.patch(changes);
  }

  /** Whether the page has a place for it, or it needs none. */
  has(slot: string): boolean {
    return !!this.#latest?.slots[slot]?.as || this.#elements(`[${SLOT}="${CSS.escape(slot)}"]`).length > 0;
  }

  /** Takes in an element that nobody can find: one in a closed shadow root. */
  add(slot: string, element: Element): void {
    element.setAttribute(SLOT, slot);
    const root = element.getRootNode() as Document | ShadowRoot;
    if (!this.#roots.has(root)) this.#watch(root);
    this.#again();
  }

  /** The author's content everywhere. Gives whether some of it never reached this page. */
  restoreAll(): boolean {
    this.#latest = undefined;
    this.patch();
    let lost = false;
    for (const element of this.#elements(ANY)) {
      if (!this.#restore(element)) lost = true;
    }
    this.#shown.clear();
    this.#observer.takeRecords();
    return lost;
  }

  /** HTML was made safe when its pack was published, and values when they were put in. */
  trusted(html: string): unknown {
    if (!window.trustedTypes) return html;
    this.#policy ??= window.trustedTypes.createPolicy('waymark', { createHTML: (safe) => safe });
    return this.#policy.createHTML(html);
  }

  #elements(selector: string): Element[] {
    return [...this.#roots].flatMap((root) => [...root.querySelectorAll(selector)]);
  }

  #watch(root: ParentNode & Node): void {
    this.#roots.add(root);
    this.#observer.observe(root, { childList: true, subtree: true, attributeFilter: [SLOT] });
    this.#discover(root);
  }

  /** Finds the open shadow roots in there. Gives whether there were any. */
  #discover(within: ParentNode): boolean {
    let found = false;
    for (const element of within.querySelectorAll('*')) {
      if (this.#enter(element)) found = true;
    }
    return found;
  }

  /** Looks for shadow roots that came without anybody telling. */
  #search(): void {
    if ([...this.#roots].filter((root) => this.#discover(root)).length) this.#again();
  }

  #enter(element: Element): boolean {
    const { shadowRoot, localName: name } = element;
    if (name.includes('-') && !customElements.get(name) && !this.#awaited.has(name)) {
      this.#awaited.add(name);
      // Of a name that nothing can be defined under the promise is broken.
      customElements.whenDefined(name).then(() => this.#search(), () => undefined);
    }
    if (!shadowRoot || this.#roots.has(shadowRoot)) return false;
    this.#watch(shadowRoot);
    return true;
  }

  #changed(records: MutationRecord[], quietly = false): void {
    let news = false;
    for (const { target, addedNodes, attributeName } of records) {
      for (const node of addedNodes) {
        if (!(node instanceof Element)) continue;
        // Not one `||`: all of it is to be found.
        if (this.#enter(node)) news = true;
        if (this.#discover(node) || node.matches(ANY) || node.querySelector(ANY)) news = true;
      }
      if (attributeName || (target instanceof Element && this.#shown.has(target))) news = true;
    }
    if (news && !quietly) this.#again();
  }

  #again(): void {
    if (this.#latest) this.show(this.#latest);
    this.#host.appeared();
  }

  #put(element: Element, slot: SlotDecision): void {
    try {
      const body = slot.html ?? slot.text;
      if (slot.content !== null && body !== undefined) this.#fill(element, slot, slot.content, body);
      // What the edge alone can fetch, it has put there.
      else if (slot.content === null || element.getAttribute(CONTENT) !== slot.content) {
        this.#restore(element);
      }
    } catch (error) {
      this.#host.fail('slot-failed', String(error));
    }
  }

  #fill(element: Element, slot: SlotDecision, content: string, body: string): void {
    let shown = this.#shown.get(element);
    const there = shown?.nodes.every((node) => node.parentNode === element);
    if (shown?.body === body && (there || shown.contests > CONTESTS)) {
      element.setAttribute(CONTENT, content);
      return;
    }
    const fragment = document.createElement('template');
    if (slot.html === undefined) fragment.content.textContent = body;
    else fragment.innerHTML = this.trusted(body) as string;
    if (!shown) {
      const byEdge = element.hasAttribute(CONTENT);
      shown = { body: null, author: byEdge ? undefined : [...element.childNodes], nodes: [], contests: 0 };
      this.#shown.set(element, shown);
    } else if (!there) {
      // The page's own code has written it anew.
      shown.author = [...element.childNodes];
      if (++shown.contests > CONTESTS) {
        this.#host.fail('slot-contested', `the page keeps rewriting slot ${element.getAttribute(SLOT)}`);
        return;
      }
    }
    if (fragment.innerHTML !== element.innerHTML) element.replaceChildren(fragment.content);
    shown.nodes = [...element.childNodes];
    element.setAttribute(CONTENT, content);
    shown.body = body;
  }

  #restore(element: Element): boolean {
    const shown = this.#shown.get(element);
    if (!shown?.author) return !element.hasAttribute(CONTENT);
    element.replaceChildren(...shown.author);
    element.removeAttribute(CONTENT);
    this.#shown.delete(element);
    return true;
  }
}
