// Building the page. Text goes in as text, never as markup.

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found as T;
}

type Content = Node | string | false | null;

export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Record<string, string> = {},
  ...content: Content[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
  element.append(...content.filter((part): part is Node | string => part !== false && part !== null));
  return element;
}

/** Leaves an element alone that says this already: screen readers would say it again. */
export function setText(id: string, text: string): void {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
}

/** Keeps what was chosen, where it is still there. */
export function choices(select: HTMLSelectElement, options: [value: string, words: string][]): void {
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, words]) => make('option', { value }, words)));
  if (options.some(([value]) => value === chosen)) select.value = chosen;
}
