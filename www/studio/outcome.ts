// What a visitor gets, and why.

import { make } from './dom';
import type { Asked, Fact, Ran, RuleResult, SlotResult } from './types';
import { why } from './why';
import { type Language, words } from './words';

export function stages(ran: Ran, language: Language): HTMLElement[] {
  const say = words[language];
  if (ran.stages.length === 0) return [make('li', { class: 'quiet' }, say.noStages)];
  const reached = ran.stages.findIndex((stage) => stage.id === ran.decision.stage);
  return ran.stages.map((stage, at) => {
    const here = at === reached;
    const item = make('li', { class: here ? 'here' : at < reached ? 'passed' : '' }, stage.id);
    if (here) item.setAttribute('aria-current', 'step');
    return item;
  });
}

export function segments(ran: Ran, language: Language): HTMLElement[] {
  const say = words[language];
  if (ran.segments.length === 0) return [make('li', { class: 'quiet' }, say.noSegments)];
  return ran.segments.map((segment) => {
    const inside = segment.truth === 'true';
    return make('li', { class: inside ? 'yes' : 'no', 'data-segment': segment.id },
      make('span', { class: 'sign', 'aria-hidden': 'true' }, inside ? '✓' : '–'),
      make('strong', {}, segment.id),
      make('span', { class: 'verdict' }, membership(segment, language)),
      because(segment.because, language),
    );
  });
}

function membership(segment: Asked, language: Language): string {
  const say = words[language];
  switch (segment.truth) {
    case null: return say.notLooked;
    case 'true': return say.inSegment;
    case 'unknown': return say.notKnown;
    case 'false': return say.notInSegment;
  }
}

/** Updates in place: a frame whose content stays as it was is not loaded anew. */
export function slots(into: HTMLElement, ran: Ran, language: Language): void {
  const say = words[language];
  const ids = Object.keys(ran.decision.slots);
  const have = [...into.children].map((card) => (card as HTMLElement).dataset['slot']);
  if (have.length === 0 || have.join('\n') !== ids.join('\n')) {
    const cards = ids.map((id) => make('article', { class: 'slot', 'data-slot': id }, make('header'), make('div'), make('div')));
    into.replaceChildren(...(cards.length > 0 ? cards : [make('p', { class: 'quiet' }, say.noSlots)]));
  }
  for (const card of into.querySelectorAll<HTMLElement>('.slot')) {
    const id = card.dataset['slot'] ?? '';
    const slot = ran.decision.slots[id];
    const [head, shown, tries] = card.children;
    if (!slot || !head || !shown || !tries) continue;
    card.dataset['content'] = slot.content ?? '';
    const by = slot.rule !== null ? say.by(slot.rule) : slot.content !== null ? say.byDefault : '';
    head.replaceChildren(make('h3', {}, id));
    if (slot.content !== null) head.append(make('p', { class: 'quiet' }, make('code', {}, slot.content), ` ${by}`));
    show(shown, id, slot, language);
    const rules = ran.rules.filter((rule) => rule.slot === id);
    tries.replaceChildren(rules.length === 0
      ? make('p', { class: 'quiet' }, say.noRules)
      : make('ul', { class: 'rules', 'aria-label': say.rulesOf(id) }, ...rules.map((rule) => tried(rule, slot, language))));
  }
}

function show(into: Element, id: string, slot: SlotResult, language: Language): void {
  const say = words[language];
  if (slot.content === null) {
    into.replaceChildren(make('p', { class: 'author' }, say.author));
    return;
  }
  let frame = into.querySelector('iframe');
  if (!frame) {
    // Same origin, so that its height can be read; with no scripts allowed nothing in it can use that.
    const made = make('iframe', { sandbox: 'allow-same-origin', tabindex: '-1' });
    made.addEventListener('load', () => {
      const height = made.contentDocument?.body.offsetHeight ?? 0;
      made.style.height = `${Math.min(Math.max(height, 40), 420)}px`;
    });
    into.replaceChildren(made);
    frame = made;
  }
  frame.title = say.preview(id);
  const page = preview(slot);
  if (frame.srcdoc !== page) frame.srcdoc = page;
}

function tried(rule: RuleResult, slot: SlotResult, language: Language): HTMLElement {
  const say = words[language];
  let verdict: string;
  if (rule.outcome === 'no-consent') verdict = say.noConsent(say[rule.purpose]);
  else if (rule.outcome === 'outranked' && rule.holds) verdict = say.alsoHolds(slot.rule ?? '');
  else verdict = say.outcome[rule.outcome];
  return make('li', { class: rule.outcome === 'won' ? 'yes' : 'no', 'data-rule': rule.rule, 'data-outcome': rule.outcome },
    make('span', { class: 'sign', 'aria-hidden': 'true' }, rule.outcome === 'won' ? '✓' : '–'),
    make('strong', {}, rule.rule),
    make('span', { class: 'verdict' }, verdict),
    rule.priority !== 0 && make('span', { class: 'quiet' }, say.priority(rule.priority)),
    because(rule.because, language),
  );
}

function because(facts: Fact[], language: Language): HTMLElement | null {
  if (facts.length === 0) return null;
  return make('ul', { class: 'because' }, ...facts.map((fact) =>
    make('li', {}, why(fact, language), because(fact.because, language))));
}

/** The content as a page of its own that runs no script and loads nothing. Links do not lead away. */
function preview(slot: SlotResult): string {
  const { body } = new DOMParser().parseFromString(slot.html ?? '', 'text/html');
  if (slot.html === undefined) body.replaceChildren(make('p', {}, slot.text ?? ''));
  for (const link of body.querySelectorAll('a[href], area[href]')) {
    link.setAttribute('title', link.getAttribute('href') ?? '');
    link.removeAttribute('href');
  }
  return `<!doctype html><html><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">`
    + `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">`
    + `<style>${PREVIEW_STYLE}</style></head><body>${body.innerHTML}</body></html>`;
}

/** Plain, with some form for the classes that Waymark's own content uses. A site has its own sheet. */
const PREVIEW_STYLE = `
:root { color-scheme: light dark; }
body { margin: 0; padding: 14px 16px; font: 15px/1.5 system-ui, sans-serif; overflow-wrap: break-word; display: flow-root; }
h1, h2, h3, p, ul { margin: 0 0 .5em; } h1 { font-size: 1.45em; line-height: 1.2; letter-spacing: -.01em; text-wrap: balance; }
body > :last-child { margin-bottom: 0; } img { max-width: 100%; }
a { color: light-dark(#1d6b50, #86d6b3); text-decoration: underline; }
.wm-eyebrow { font-size: .85em; font-weight: 600; color: light-dark(#8a4a12, #f0b27a); }
.wm-cta { display: inline-block; padding: .4em 1em; border-radius: 99px; background: light-dark(#1d6b50, #86d6b3); color: light-dark(#fff, #0e1512); text-decoration: none; font-weight: 600; }
`;

export function spoken(ran: Ran, language: Language): string {
  const say = words[language];
  const { stage, segments: inside, slots: shown } = ran.decision;
  const each = Object.entries(shown).map(([id, slot]) => say.shows(id, slot.content));
  const gap = language === 'zh' ? '' : ' ';
  const comma = language === 'zh' ? '、' : ', ';
  return say.spoken(stage ?? say.noStage, inside.join(comma) || say.none, each.join(gap));
}
