// What is shown over a page and is no part of it: an element whose style and the page's do not mix.

/** Where its content goes. It is not in the page yet. */
export function framed(name: string, style: string): ShadowRoot {
  const root = document.createElement(name).attachShadow({ mode: 'open' });
  // Unlike a `<style>` this needs no word of a content security policy.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(style);
  root.adoptedStyleSheets = [sheet];
  return root;
}

/** Of the page, else the visitor's. */
export const language = (): string =>
  (document.documentElement.lang || navigator.language).slice(0, 2).toLowerCase();
