// Content above the page: a banner at its edge, a dialog before it, a note in its upper corner.
//
// The frame is in a shadow root, so that the page's style does not reach it; the content is in the
// page, so that it does. Nothing moves what the page shows.

import type { Sdk } from '../sdk';
import type { SlotDecision } from '../types';
import { framed, language } from './frame';

/** How long a note stays that nobody looks at. */
const TOAST = 10_000;

const STYLE = `
:host { all: initial; }
dialog, section {
  box-sizing: border-box; border: 0; padding: 1.25rem 3rem 1.25rem 1.25rem; color: CanvasText; background: Canvas;
  font: 1rem/1.5 system-ui, sans-serif; box-shadow: 0 4px 24px rgb(0 0 0 / 0.25); border-radius: 0.5rem;
}
section { position: fixed; z-index: 2147483000; max-height: 50vh; overflow: auto; }
.banner { inset: auto 0 0 0; border-radius: 0; }
.toast { inset: 1rem 1rem auto auto; max-width: min(24rem, calc(100vw - 2rem)); }
dialog { max-width: min(36rem, calc(100vw - 2rem)); max-height: calc(100dvh - 2rem); overflow: auto; }
dialog::backdrop { background: rgb(0 0 0 / 0.5); }
button {
  position: absolute; top: 0.25rem; right: 0.25rem; inline-size: 2.75rem; block-size: 2.75rem;
  border: 0; border-radius: 0.5rem; background: none; color: inherit; font: 1.5rem/1 system-ui; cursor: pointer;
}
button:focus-visible { outline: 3px solid Highlight; outline-offset: -3px; }
@media (prefers-reduced-motion: no-preference) {
  dialog[open], section { animation: appear 0.2s ease-out; }
  @keyframes appear { from { opacity: 0; translate: 0 0.5rem; } }
}`;

const CLOSE: { [language: string]: string } = {
  de: 'Schließen', en: 'Close', es: 'Cerrar', fr: 'Fermer', ja: '閉じる', ko: '닫기', pt: 'Fechar', zh: '关闭',
};

interface Shown {
  content: string | null;
  remove(): void;
}

const all = new Map<string, Shown>();
/** Dialogs wait until the one before is closed. */
let open: Promise<void> = Promise.resolve();

export function present(sdk: Sdk, id: string, slot: SlotDecision): void {
  const before = all.get(id);
  if (before?.content === slot.content) return;
  before?.remove();
  all.delete(id);
  if (slot.content === null) return;
  const shown: Shown = { content: slot.content, remove: () => undefined };
  all.set(id, shown);
  // The page may show it in its own way.
  const detail = { slot: id, ...slot };
  const ours = document.dispatchEvent(new CustomEvent('waymark:present', { detail, cancelable: true }));
  if (!ours || (slot.html ?? slot.text) === undefined) return;
  const show = (): Promise<void> => (all.get(id) === shown ? frame(sdk, id, slot, shown) : Promise.resolve());
  if (slot.as === 'modal') open = open.then(show);
  else void show();
}

/** Settles when it is closed. */
function frame(sdk: Sdk, id: string, slot: SlotDecision, shown: Shown): Promise<void> {
  const root = framed('waymark-overlay', STYLE);
  const { host } = root;
  const body = document.createElement('div');
  body.setAttribute('data-waymark-content', slot.content ?? '');
  if (slot.html === undefined) body.textContent = slot.text ?? '';
  else body.innerHTML = sdk.trusted(slot.html) as string;
  host.append(body);

  const box = document.createElement(slot.as === 'modal' ? 'dialog' : 'section');
  box.className = slot.as ?? '';
  const heading = body.querySelector('h1, h2, h3, h4, strong')?.textContent?.trim();
  box.setAttribute('aria-label', heading || body.textContent?.trim().slice(0, 80) || id);
  if (slot.as === 'toast') box.setAttribute('role', 'status');
  const close = document.createElement('button');
  close.type = 'button';
  close.textContent = '×';
  close.setAttribute('aria-label', CLOSE[language()] ?? CLOSE['en']!);
  box.append(document.createElement('slot'), close);

  return new Promise((done) => {
    const about = { slot: id, content_id: slot.content, rule_id: slot.rule };
    const back = document.activeElement;
    let gone = false;
    const remove = (): void => {
      if (gone) return;
      gone = true;
      // Closing it gives the focus back.
      if (box instanceof HTMLDialogElement) box.close();
      host.remove();
      removeEventListener('keydown', escape);
      if (slot.as !== 'modal' && back instanceof HTMLElement && document.activeElement === document.body) back.focus();
      done();
    };
    const dismiss = (): void => {
      if (gone) return;
      sdk.log('Content Dismissed', about);
      remove();
    };
    const escape = (event: KeyboardEvent): void => {
      // From anywhere for what came by itself; a page's own dialog goes first.
      if (event.key === 'Escape' && !event.defaultPrevented && !document.querySelector('dialog[open]')) dismiss();
    };
    shown.remove = remove;
    close.addEventListener('click', dismiss);
    body.addEventListener('click', ({ target }) => {
      const link = target instanceof Element ? target.closest('a, button') : null;
      if (!link) return;
      sdk.log('Content Clicked', { ...about, text: (link.textContent ?? '').trim().slice(0, 100) });
      // `<button value="close">` needs no script of the page's.
      if (link instanceof HTMLButtonElement && link.value === 'close') remove();
    });
    root.append(box);
    document.body.append(host);
    if (box instanceof HTMLDialogElement) {
      box.addEventListener('cancel', (event) => {
        event.preventDefault();
        dismiss();
      });
      box.addEventListener('click', ({ target }) => target === box && dismiss());
      box.showModal();
      return;
    }
    addEventListener('keydown', escape);
    if (slot.as === 'toast') fade(host, remove);
  });
}

/** Goes away by itself, but not while somebody looks at it. */
function fade(host: Element, remove: () => void): void {
  let timer = setTimeout(remove, TOAST);
  const stay = (): void => clearTimeout(timer);
  const leave = (): void => {
    clearTimeout(timer);
    timer = setTimeout(remove, TOAST);
  };
  host.addEventListener('pointerenter', stay);
  host.addEventListener('pointerleave', leave);
  host.addEventListener('focusin', stay);
  host.addEventListener('focusout', leave);
}

