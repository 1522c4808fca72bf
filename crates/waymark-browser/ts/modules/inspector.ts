// Who the visitor is, what they see, and why: `?waymark=debug`, or `waymark.explain()`.
//
// A page has no words for its rules' conditions, so the edge explains: it is told the page's situation,
// of which it keeps nothing.

import type { Ran, RuleResult } from '../../../../www/studio/types';
import { why } from '../../../../www/studio/why';
import { type Language, words } from '../../../../www/studio/words';
import { toBase64 } from '../engine/bytes';
import type { Sdk } from '../sdk';
import type { Decision, JsonObject } from '../types';
import { framed, language } from './frame';

const TEXTS = {
  en: {
    device: 'device', nobody: 'nobody: there is no consent', consent: 'consent', none: 'none', stage: 'stage',
    segments: 'segments', pack: 'pack', author: 'the author’s content', close: 'Close', noReasons: 'no reasons',
  },
  zh: {
    device: '设备', nobody: '没有：尚未同意', consent: '同意', none: '无', stage: '阶段',
    segments: '人群', pack: '规则包', author: '作者的内容', close: '关闭', noReasons: '没有原因',
  },
};

/** The page, the visitor's consent and what is kept of them, as the edge takes them. */
async function situation(sdk: Sdk): Promise<object> {
  const { pack } = await sdk.decide();
  const { values, consent, locale, anonymousId = null, shown = [] } = sdk.context();
  const state = sdk.decider.state();
  return { pack, context: values, consent, locale, anonymousId, shown, state: state ? toBase64(state) : null };
}

export async function explain(sdk: Sdk, slot?: string): Promise<JsonObject> {
  const response = await fetch(`${sdk.origin}/v1/explain`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain' },
    credentials: 'omit',
    body: JSON.stringify({ writeKey: sdk.options.writeKey, ...(await situation(sdk)), ...(slot !== undefined && { slots: [slot] }) }),
  });
  const answer = (await response.json()) as JsonObject;
  if (!response.ok) throw new Error(String(answer['detail'] ?? `the edge answered ${response.status}`));
  return answer;
}

const STYLE = `
aside { position: fixed; inset: auto 0 0 auto; z-index: 2147483002; inline-size: min(30rem, 100vw); max-block-size: 60vh;
  overflow: auto; box-sizing: border-box; padding: 0.75rem 1rem; background: #111; color: #eee;
  font: 0.8125rem/1.5 ui-monospace, monospace; border-start-start-radius: 0.5rem; box-shadow: 0 0 24px rgb(0 0 0 / 0.5); }
h2 { font-size: 1rem; margin: 0 2rem 0.5rem 0; } h3 { font-size: 0.875rem; margin: 0.75rem 0 0.25rem; color: #8bd5ff; }
p, ul, dl { margin: 0; } ul { padding-inline-start: 1.25rem; } dl { display: grid; grid-template-columns: auto 1fr; gap: 0 0.75rem; }
dt { color: #aaa; } dd { margin: 0; overflow-wrap: anywhere; } .won { color: #9f9; } .lost { color: #fb9; }
button { position: absolute; inset: 0.25rem 0.25rem auto auto; inline-size: 2.75rem; block-size: 2.75rem; font-size: 1.25rem;
  background: none; border: 0; color: inherit; cursor: pointer; } button:focus-visible { outline: 2px solid #8bd5ff; }`;

export function start(sdk: Sdk): void {
  const tongue: Language = language() === 'zh' ? 'zh' : 'en';
  const say = TEXTS[tongue];
  const root = framed('waymark-inspector', STYLE);
  const panel = make('aside', { 'aria-label': 'Waymark' });
  const body = make('div', {});
  const close = make('button', { type: 'button', 'aria-label': say.close }, '×');
  let turn = 0;

  const draw = async (decision: Decision): Promise<void> => {
    const mine = ++turn;
    const { consent, anonymousId } = sdk.context();
    const allowed = (['analytics', 'personalization', 'marketing'] as const).filter((purpose) => consent[purpose]);
    const parts: Node[] = [
      make('dl', {},
        ...pair(say.device, anonymousId ?? say.nobody),
        ...pair(say.consent, allowed.join(', ') || say.none),
        ...pair(say.stage, decision.stage ?? '–'),
        ...pair(say.segments, decision.segments.join(', ') || '–'),
        ...pair(say.pack, `${(decision.pack ?? '–').slice(0, 12)} · ${decision.source}`)),
    ];
    let rules: RuleResult[] = [];
    try {
      ({ rules } = (await explain(sdk)) as unknown as Ran);
    } catch (error) {
      parts.push(make('p', { class: 'lost' }, `${say.noReasons}: ${(error as Error).message}`));
    }
    for (const [id, slot] of Object.entries(decision.slots)) {
      const tried = rules.filter((rule) => rule.slot === id);
      parts.push(
        make('h3', {}, id),
        make('p', { class: 'won' }, `${slot.content ?? say.author}${slot.rule === null ? '' : ` – ${slot.rule}`}`),
        make('ul', {}, ...tried.map((rule) => attempt(rule, slot.rule, tongue))),
      );
    }
    if (mine === turn) body.replaceChildren(...parts);
  };

  const stop = sdk.emitter.on('decision', (decision) => void draw(decision));
  close.addEventListener('click', () => {
    stop();
    root.host.remove();
  });
  panel.append(make('h2', {}, 'Waymark'), close, body);
  root.append(panel);
  document.body.append(root.host);
  void sdk.decide().then(draw);
}

/** A rule that was tried, and of one that lost the clauses that made it lose. */
function attempt(rule: RuleResult, winner: string | null, tongue: Language): HTMLElement {
  const say = words[tongue];
  const won = rule.outcome === 'won';
  let verdict: string;
  if (rule.outcome === 'no-consent') verdict = say.noConsent(say[rule.purpose]);
  else if (rule.outcome === 'outranked' && rule.holds) verdict = say.alsoHolds(winner ?? '');
  else verdict = say.outcome[rule.outcome];
  const failed = won ? [] : rule.because.filter(({ met }) => !met);
  return make('li', { class: won ? 'won' : 'lost', 'data-rule': rule.rule }, `${rule.rule}: ${verdict}`,
    make('ul', {}, ...failed.map((fact) => make('li', {}, why(fact, tongue)))));
}

const pair = (name: string, value: string): Node[] => [make('dt', {}, name), make('dd', {}, value)];

function make(name: string, attributes: { [name: string]: string }, ...content: (Node | string)[]): HTMLElement {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...content);
  return element;
}
