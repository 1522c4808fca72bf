// A pack that is not live, by a link that the edge has signed and that expires.

import type { Sdk } from '../sdk';
import { framed, language } from './frame';

const TEXTS: { [language: string]: [preview: string, until: string, leave: string] } = {
  en: ['Preview of the pack', 'until', 'Leave'],
  zh: ['规则包预览', '有效期至', '退出'],
};

export async function preview(sdk: Sdk, token: string): Promise<void> {
  if (!token) return leave();
  const response = await fetch(`${sdk.origin}/v1/preview/${encodeURIComponent(token)}`, { credentials: 'omit' });
  if (!response.ok) {
    const { detail } = (await response.json().catch(() => ({}))) as { detail?: string };
    throw new Error(detail ?? `the edge answered ${response.status}`);
  }
  const until = new Date(response.headers.get('expires') ?? '');
  sdk.rehearse(new Uint8Array(await response.arrayBuffer()));
  const { pack } = await sdk.decide();
  bar(pack ?? '', until);
}

/** The same page, as everybody sees it. */
function leave(): void {
  const { searchParams, href } = new URL(location.href);
  if (!searchParams.has('waymark_preview')) return;
  const target = new URL(href);
  target.searchParams.delete('waymark_preview');
  location.assign(target);
}

function bar(pack: string, until: Date): void {
  const root = framed('waymark-preview', `
    aside { position: fixed; inset: auto 0 0 0; z-index: 2147483001; display: flex; flex-wrap: wrap; gap: 0.5rem 1rem;
      align-items: center; padding: 0.5rem 1rem; background: #4a148c; color: #fff; font: 0.875rem/1.4 system-ui; }
    button { font: inherit; color: inherit; background: none; border: 1px solid; border-radius: 0.25rem;
      padding: 0.5rem 1rem; cursor: pointer; }
    button:focus-visible { outline: 3px solid #fff; outline-offset: 2px; }`);
  const [title, end, exit] = TEXTS[language()] ?? TEXTS['en']!;
  const aside = document.createElement('aside');
  aside.setAttribute('aria-label', title);
  const time = Number.isNaN(until.getTime()) ? '' : ` · ${end} ${until.toLocaleString()}`;
  const text = document.createElement('span');
  text.textContent = `${title} ${pack.slice(0, 12)}${time}`;
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = exit;
  button.addEventListener('click', leave);
  aside.append(text, button);
  root.append(aside);
  document.body.append(root.host);
}
