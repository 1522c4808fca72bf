// What a visitor gets, and why.

import { make } from './dom';
import type { Asked, Fact, Ran, RuleResult, SlotResult } from './types';
import { why } from './why';
import { type Language, words } from './words';

/** Rules that are listed of a slot. */
const LISTED = 50;
/** Of a preview, in pixels. What is taller is scrolled. */
const HEIGHT = { least: 40, most: 480 };

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

/** What it takes to be in the stage after this one. */
export function nextStage(ran: Ran, language: Language): (Node | string)[] {
  const next = ran.stages[ran.stages.findIndex((stage) => stage.id === ran.decision.stage) + 1];
  const reasons = next && because(next.because, language);
  return reasons ? [words[language].nextStage(next.id), reasons] : [];
}

export function segments(ran: Ran, language: Language): HTMLElement[] {
  const say = words[language];
  if (ran.segments.length === 0) return [make('li', { class: 'quiet' }, say.noSegments)];
  return ran.segments.map((segment) => {
    const inside = segment.truth === 'true';
    return make('li', { class: inside ? 'yes' : 'no', 'data-segment': segment.id },
      make('span', { class: 'sign', 'aria-hidden': 'true' }, inside ? '✓' : '–'),
      make('p', {}, make('strong', {}, segment.id), ' ', make('span', { class: 'verdict' }, membership(segment, language))),
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
  const filled = ([, slot]: [string, SlotResult]): number => (slot.content === null ? 1 : 0);
  const ids = Object.entries(ran.decision.slots).sort((a, b) => filled(a) - filled(b)).map(([id]) => id);
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
    const named = slot.experiment ? `${slot.experiment.id} (${slot.experiment.variation})` : slot.rule;
    const by = named !== null && slot.reason !== 'held-out' ? say.by(named) : slot.content !== null ? say.byDefault : '';
    head.replaceChildren(make('h3', {}, id));
    if (slot.content !== null) head.append(make('p', { class: 'quiet' }, make('code', {}, slot.content), ` ${by}`));
    show(shown, id, slot, language);
    const rules = ran.rules.filter((rule) => rule.slot === id);
    const listed = rules.filter((rule, at) => at < LISTED || rule.outcome === 'won');
    const more = rules.length > listed.length && make('li', { class: 'quiet' }, say.moreRules(rules.length - listed.length));
    tries.replaceChildren(rules.length === 0
      ? make('p', { class: 'quiet' }, say.noRules)
      : make('ul', { class: 'rules', 'aria-label': say.rulesOf(id) }, ...listed.map((rule) => tried(rule, slot, language)), ...(more ? [more] : [])));
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
    const made = make('iframe', { sandbox: 'allow-same-origin' });
    made.addEventListener('load', () => {
      const height = made.contentDocument?.body.offsetHeight ?? 0;
      made.style.height = `${Math.min(Math.max(height, HEIGHT.least), HEIGHT.most)}px`;
      made.tabIndex = height > HEIGHT.most ? 0 : -1;
    });
    into.replaceChildren(made);
    frame = made;
  }
  frame.title = say.preview(id);
  const page = preview(slot, language);
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
    make('p', {}, make('strong', {}, rule.rule), ' ', make('span', { class: 'verdict' }, verdict)),
    rule.priority !== 0 && make('span', { class: 'quiet' }, say.priority(rule.priority)),
    because(rule.because, language),
    rule.ranking.length > 0 && make('ul', { class: 'because' }, ...rule.ranking.map(({ content, points }) =>
      make('li', {}, say.ranked(content, points)))),
  );
}

function because(facts: Fact[], language: Language): HTMLElement | null {
  if (facts.length === 0) return null;
  return make('ul', { class: 'because' }, ...facts.map((fact) =>
    make('li', {}, why(fact, language), because(fact.because, language))));
}

/** The content as a page of its own that runs no script and loads nothing. Links do not lead away. */
function preview(slot: SlotResult, language: Language): string {
  const { body } = new DOMParser().parseFromString(slot.html ?? '', 'text/html');
  if (slot.html === undefined) body.replaceChildren(make('p', {}, slot.text ?? ''));
  for (const link of body.querySelectorAll('a[href], area[href]')) {
    link.setAttribute('title', link.getAttribute('href') ?? '');
    link.removeAttribute('href');
  }
  for (const image of body.querySelectorAll('img')) {
    const name = image.alt || words[language].image;
    image.replaceWith(make('span', { class: 'image', title: image.getAttribute('src') ?? '' }, name));
  }
  return `<!doctype html><html><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">`
    + `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`
    + `<style>${PREVIEW_STYLE}</style></head><body>${body.innerHTML}</body></html>`;
}

/** Plain, with some form for the classes that Waymark's own content uses. A site has its own sheet. */
const PREVIEW_STYLE = `
:root { color-scheme: light dark; }
body { margin: 0; padding: 14px 16px; font: 15px/1.5 system-ui, sans-serif; overflow-wrap: break-word; display: flow-root; }
h1, h2, h3, p, ul { margin: 0 0 .5em; } h1 { font-size: 1.45em; line-height: 1.2; letter-spacing: -.01em; text-wrap: balance; }
body > :last-child { margin-bottom: 0; }
.image { display: inline-block; padding: 1.5em 2em; border: 1px dashed; border-radius: 8px; font-size: .85em; }
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
