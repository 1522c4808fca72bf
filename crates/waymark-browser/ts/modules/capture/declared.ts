// Events that elements name themselves:
// `<a data-waymark-event="Product Clicked" data-waymark-properties='{"product_id": "t1"}'>`.

import type { Sdk } from '../../sdk';
import type { JsonObject } from '../../types';

const EVENT = 'data-waymark-event';
const PROPERTIES = 'data-waymark-properties';

export function clicks(sdk: Sdk): void {
  const clicked = (event: Event): void => {
    const element = declared(event);
    // A form's own event is its being sent.
    if (element && element.localName !== 'form') log(sdk, element, named(element));
  };
  document.addEventListener('click', clicked, true);
  // The middle button opens a link, too.
  document.addEventListener('auxclick', (event) => (event as MouseEvent).button === 1 && clicked(event), true);
}

export function forms(sdk: Sdk): void {
  document.addEventListener(
    'submit',
    (event) => {
      const element = declared(event);
      if (element?.localName === 'form') log(sdk, element, form(element as HTMLFormElement));
    },
    true,
  );
}

/** The nearest element that names an event, through shadow roots. */
function declared(event: Event): Element | undefined {
  for (const target of event.composedPath()) {
    if (target instanceof Element && target.getAttribute(EVENT)) return target;
  }
  return undefined;
}

function named(element: Element): JsonObject {
  const text = (element.textContent ?? '').replace(/\s+/g, ' ').trim().slice(0, 100);
  const href = element instanceof HTMLAnchorElement ? element.href : '';
  return { ...(text && { text }), ...(href && { href }) };
}

/** Which form it was. What the visitor wrote into it is nobody's business here. */
function form({ id, name, action, method }: HTMLFormElement): JsonObject {
  const said = (value: unknown): value is string => typeof value === 'string' && value !== '';
  return {
    ...(said(id) && { form_id: id }),
    ...(said(name) && { form_name: name }),
    ...(said(action) && { form_action: action }),
    method,
  };
}

function log(sdk: Sdk, element: Element, about: JsonObject): void {
  const text = element.getAttribute(PROPERTIES);
  let said: unknown = {};
  try {
    said = text ? JSON.parse(text) : {};
    if (typeof said !== 'object' || !said || Array.isArray(said)) throw new Error('it is no object');
  } catch (error) {
    sdk.fail('bad-properties', `${PROPERTIES}='${text}' is no JSON object: ${String(error)}`);
    said = {};
  }
  sdk.log(element.getAttribute(EVENT)!, { ...about, ...(said as JsonObject) });
}
