// Changes to elements of the page, which can be taken back.

import type { Change } from '../types';

/** Elements that run, style or frame something: their attributes are not content. */
const UNTOUCHED = /^(script|style|link|base|meta|object|embed|i?frame|template)$/i;

let undo: (() => unknown)[] = [];
let applied = '[]';

/** Makes these changes, and takes those that were made before back if they are others. */
export function patch(changes: Change[]): void {
  const text = JSON.stringify(changes);
  if (text !== applied) for (const back of undo.splice(0).reverse()) back();
  applied = text;
  for (const change of changes) {
    for (const element of document.querySelectorAll(change.selector)) {
      if (!UNTOUCHED.test(element.localName)) alter(element, change);
    }
  }
}

function alter(element: Element, { attributes = {}, addClass = [], removeClass = [] }: Change): void {
  for (const [name, value] of Object.entries(attributes)) {
    const before = element.getAttribute(name);
    if (before === value) continue;
    set(element, name, value);
    undo.push(() => set(element, name, before));
  }
  if (!element.hasAttribute('class')) {
    undo.push(() => element.getAttribute('class') === '' && element.removeAttribute('class'));
  }
  for (const [names, wanted] of [[addClass, true], [removeClass, false]] as const) {
    for (const name of names) {
      if (element.classList.contains(name) === wanted) continue;
      element.classList.toggle(name, wanted);
      undo.push(() => element.classList.toggle(name, !wanted));
    }
  }
}

function set(element: Element, name: string, value: string | null): void {
  if (value === null) element.removeAttribute(name);
  else element.setAttribute(name, value);
}
