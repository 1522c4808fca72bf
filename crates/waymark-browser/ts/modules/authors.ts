// The author's content, where the edge had replaced it before the page came: asked for again, now that
// nobody is known.

import type { Sdk } from '../sdk';

export async function restore(sdk: Sdk): Promise<void> {
  const response = await fetch(location.href, { cache: 'reload' });
  if (!response.ok) return;
  const page = document.createElement('template');
  page.innerHTML = sdk.trusted(await response.text()) as string;
  for (const element of document.querySelectorAll('[data-waymark-slot][data-waymark-content]')) {
    const id = CSS.escape(element.getAttribute('data-waymark-slot')!);
    const fresh = page.content.querySelector(`[data-waymark-slot="${id}"]`);
    if (!fresh) continue;
    element.replaceChildren(...fresh.childNodes);
    const content = fresh.getAttribute('data-waymark-content');
    if (content === null) element.removeAttribute('data-waymark-content');
    else element.setAttribute('data-waymark-content', content);
  }
}
