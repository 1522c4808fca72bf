// The studio: a pack on the left, a visitor beside it, what the visitor sees, and why.

import init, { check, run } from 'waymark-studio';

import { byId, choices, make, setText } from './dom';
import { editor } from './editor';
import { newest, withEvent, withLine, withoutLine } from './journey';
import { nextStage, segments, slots, spoken, stages } from './outcome';
import { type Outline, isObject, outline } from './outline';
import { Timeline } from './timeline';
import type { Checked, Diagnostic, Json, Ran, Refused } from './types';
import { type Language, codes, duration, instant, languageName, preferred, size, words } from './words';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const GAPS = [MINUTE, HOUR, DAY, 7 * DAY, 30 * DAY];
const MOMENTS = [0, HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY];
/** As `waymark-model` has it. */
const PACK_BYTES = 2 * 1024 * 1024;
/** Problems that are listed; all are marked in the editor. */
const LISTED = 100;
/** Until typing has paused, in milliseconds. */
const PAUSE = 180;

let language: Language = preferred();
let name = 'outdoor-shop.jsonc';
let saved = '';
/** The pack as it was when it last had no error; its results stand until it has none again. */
let good: string | null = null;
let said: Outline | null = null;
/** The problems as they are listed. */
let told = '';
/** What was filled in of the page's context, by path. */
const context = new Map<string, string>();

const journey = byId<HTMLTextAreaElement>('journey');
const gap = byId<HTMLSelectElement>('gap');
const moment = byId<HTMLSelectElement>('moment');
const locale = byId<HTMLSelectElement>('locale');
const file = byId<HTMLInputElement>('file');
const pack = editor(byId('editor'), soon);
const timeline = new Timeline(byId('timeline'), {
  change: (line, event) => rewrite(withLine(journey.value, line, event)),
  remove: (line) => rewrite(withoutLine(journey.value, line)),
});

let waiting: ReturnType<typeof setTimeout> | undefined;
function soon(): void {
  clearTimeout(waiting);
  waiting = setTimeout(refresh, PAUSE);
}

/** Checks the pack, takes the journey through it, and shows both. */
function refresh(): void {
  clearTimeout(waiting);
  try {
    const source = pack.text();
    const checked = JSON.parse(check(source, Date.now())) as Checked;
    if (checked.ok) good = source;
    showCheck(checked);
    said = outline(source) ?? said;
    if (said) showOutline(said);
    const ran = JSON.parse(run(good ?? source, journey.value, JSON.stringify(request()))) as Ran | Refused;
    showRun(ran, checked.ok);
  } catch (error) {
    console.error(error);
    trouble(words[language].crashed);
  }
}

/** What a decision is asked for with. */
function request(): { [key: string]: Json } {
  // Without a prototype: a pack may read a path such as `page.constructor.name`.
  const branch = (): { [key: string]: Json } => Object.create(null) as { [key: string]: Json };
  const groups = branch();
  for (const [path, text] of context) {
    const compared = said?.context.get(path);
    const keys = path.split('.');
    const last = keys.pop();
    if (!last || !compared || text === '') continue;
    let at = groups;
    for (const key of keys) {
      const next = at[key];
      at = isObject(next) ? next : (at[key] = branch());
    }
    at[last] = typed(text, compared);
  }
  const boxes = [...byId('consent').querySelectorAll('input')];
  const after = Number(moment.value) || 0;
  return {
    context: groups,
    consent: { categoryPreferences: Object.fromEntries(boxes.map((box) => [box.value, box.checked])) },
    locale: locale.value,
    now: (newest(journey.value) ?? Date.now()) + after,
  };
}

/** Text, unless the pack compares it with numbers or truths. */
function typed(text: string, compared: Json[]): Json {
  if (compared.some((value) => typeof value === 'number') && Number.isFinite(Number(text))) return Number(text);
  if (compared.some((value) => typeof value === 'boolean') && /^(?:true|false)$/.test(text)) return text === 'true';
  return text;
}

function showCheck(checked: Checked): void {
  const say = words[language];
  const { diagnostics, cost } = checked;
  pack.show(diagnostics, language);
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const warnings = diagnostics.length - errors;
  const counts = [errors > 0 && say.errors(errors), warnings > 0 && say.warnings(warnings)].filter(Boolean).join(', ');
  byId('state').dataset['state'] = checked.ok ? (warnings > 0 ? 'warn' : 'ok') : 'bad';
  setText('state-words', counts || say.ready);
  byId('costs').hidden = cost === null;
  if (cost) {
    setText('state-bytes', size(cost.stateBytes, language));
    setText('page-bytes', size(cost.pageBytes, language));
  }
  // Whoever is on a problem in the list stays there while nothing about it changes.
  const tells = JSON.stringify([language, diagnostics]);
  if (told === tells) return;
  told = tells;
  setText('problem-count', diagnostics.length > 0 ? String(diagnostics.length) : '');
  const listed = diagnostics.slice(0, LISTED).map(problem);
  if (listed.length === 0) listed.push(make('li', { class: 'quiet' }, say.noProblems));
  if (diagnostics.length > LISTED) listed.push(make('li', { class: 'quiet' }, say.moreProblems(diagnostics.length - LISTED)));
  byId('problems').replaceChildren(...listed);
}

function problem({ code, severity, from, to, line, column, message, mend }: Diagnostic): HTMLLIElement {
  const title = codes[language][code];
  const english = language === 'en' ? {} : { lang: 'en' };
  const go = make('button', { type: 'button' },
    make('span', { class: 'problem__code' }, code),
    title !== undefined && make('span', { class: 'problem__title' }, title),
    make('span', { class: 'problem__place' }, words[language].at(line, column)),
    make('span', { class: 'problem__message', ...english }, message),
    mend !== null && make('span', { class: 'problem__mend', ...english }, mend),
  );
  go.addEventListener('click', () => pack.reveal(from, to));
  return make('li', { class: `problem problem--${severity}`, 'data-code': code }, go);
}

function showOutline(read: Outline): void {
  const names = ['Page Viewed', ...read.events.keys(), 'Identified'];
  const buttons = byId('events');
  const have = [...buttons.children].map((button) => button.textContent);
  const all = [...new Set(names)];
  if (have.join('\n') !== all.join('\n')) {
    buttons.replaceChildren(...all.map((event) => {
      const button = make('button', { type: 'button', class: 'chip' }, event);
      button.addEventListener('click', () => add(event));
      return button;
    }));
  }
  const tags = read.locales.length > 0 ? read.locales : ['en', 'zh'];
  choices(locale, tags.map((tag) => [tag, languageName(tag, language)]));
  const fields = byId('context');
  const paths = [...read.context.keys()].sort();
  if (fields.dataset['paths'] === JSON.stringify([...read.context, language])) return;
  fields.dataset['paths'] = JSON.stringify([...read.context, language]);
  fields.replaceChildren(...paths.map((path) => {
    const list = `values-${path}`;
    const input = make('input', { type: 'text', list, placeholder: words[language].unset, spellcheck: 'false', autocapitalize: 'off' });
    input.value = context.get(path) ?? '';
    input.addEventListener('input', () => {
      context.set(path, input.value);
      soon();
    });
    const values = (read.context.get(path) ?? []).map((value) => make('option', { value: String(value) }));
    return make('label', { class: 'field' }, make('span', {}, make('code', {}, path)), input, make('datalist', { id: list }, ...values));
  }));
  if (paths.length === 0) fields.replaceChildren(make('p', { class: 'hint' }, words[language].noContext));
}

function showRun(ran: Ran | Refused, current: boolean): void {
  const say = words[language];
  const refused = 'error' in ran;
  byId('outcome').hidden = refused;
  byId('no-result').hidden = !refused;
  byId('stale').hidden = refused || current;
  if (refused) {
    setText('no-result', current ? ran.error.message : say.noResult);
    setText('stands', '');
    setText('spoken', byId('no-result').textContent ?? '');
    return;
  }
  timeline.show(journey.value, ran, said, language);
  byId('rejected').replaceChildren(...ran.rejected.map(({ line, code, message }) =>
    make('li', { 'data-code': code }, make('strong', {}, say.rejected(line)), ' ', ...sentence(code, message), ' ', make('code', {}, code))));
  const until = ran.decision.validUntil;
  setText('stands', say.stands(until && `${instant(until, language, true)} ${say.utc}`));
  byId('stages').replaceChildren(...stages(ran, language));
  byId('next-stage').replaceChildren(...nextStage(ran, language));
  byId('segments').replaceChildren(...segments(ran, language));
  slots(byId('slots'), ran, language);
  setText('spoken', `${current ? '' : `${say.stale} `}${spoken(ran, language)}`);
}

/** What a code means, and the sentence in the language it has. */
function sentence(code: string, message: string): Node[] {
  if (language === 'en') return [document.createTextNode(message)];
  const title = codes[language][code];
  return [make('span', {}, title ?? ''), document.createTextNode(' '), make('span', { lang: 'en' }, message)];
}

function rewrite(text: string): void {
  journey.value = text;
  refresh();
}

function add(event: string): void {
  const offer = event === 'Identified' ? said?.traits : said?.events.get(event);
  const likely = event === 'Page Viewed' ? { path: '/', ...offer?.likely } : offer?.likely;
  rewrite(withEvent(journey.value, event, likely ?? {}, Number(gap.value) || MINUTE));
  byId('timeline').lastElementChild?.scrollIntoView({ block: 'nearest' });
  setText('spoken', `${words[language].added(event)}. ${byId('spoken').textContent ?? ''}`);
}

/** Puts the page's own words into the chosen language. */
function translate(): void {
  const say: Record<string, unknown> = words[language];
  const text = (key: string | undefined): string => (key !== undefined && typeof say[key] === 'string' ? say[key] : '');
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = words[language].title;
  for (const element of document.querySelectorAll<HTMLElement>('[data-t]')) element.textContent = text(element.dataset['t']);
  for (const element of document.querySelectorAll<HTMLElement>('[data-t-label]')) element.setAttribute('aria-label', text(element.dataset['tLabel']));
  const other = language === 'zh' ? 'en' : 'zh';
  const link = byId<HTMLAnchorElement>('language');
  link.href = `#lang=${other}`;
  link.lang = other;
  link.hreflang = other;
  link.textContent = other === 'zh' ? '中文' : 'English';
  pack.speak(language);
  const later = (ms: number): string =>
    ms === 0 ? words[language].atOnce : words[language].later(duration(ms, language));
  choices(gap, GAPS.map((ms) => [String(ms), later(ms)]));
  choices(moment, MOMENTS.map((ms) => [String(ms), later(ms)]));
}

function trouble(message: string): void {
  const notice = byId('trouble');
  notice.textContent = message;
  notice.hidden = false;
}

async function openFile(): Promise<void> {
  const chosen = file.files?.[0];
  file.value = '';
  if (!chosen) return;
  byId('trouble').hidden = true;
  if (chosen.size > PACK_BYTES) {
    trouble(words[language].tooLarge(chosen.name));
    return;
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(await chosen.arrayBuffer());
    load(chosen.name, text);
  } catch {
    trouble(words[language].unreadable(chosen.name));
  }
}

function load(title: string, text: string): void {
  name = title;
  setText('file-name', name);
  good = null;
  pack.replace(text);
  saved = pack.text();
  refresh();
}

function save(): void {
  saved = pack.text();
  const address = URL.createObjectURL(new Blob([saved], { type: 'application/json' }));
  make('a', { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), MINUTE);
}

async function start(): Promise<void> {
  translate();
  byId('open').addEventListener('click', () => file.click());
  byId('save').addEventListener('click', save);
  file.addEventListener('change', () => void openFile());
  byId('clear').addEventListener('click', () => {
    rewrite('');
    setText('spoken', words[language].cleared);
  });
  journey.addEventListener('input', soon);
  for (const id of ['consent', 'locale', 'moment']) byId(id).addEventListener('change', refresh);
  addEventListener('beforeunload', (event) => { if (pack.text() !== saved) event.preventDefault(); });
  const text = async (path: string): Promise<string> => (await fetch(new URL(path, document.baseURI))).text();
  const [example, events] = await Promise.all([
    text('outdoor-shop.jsonc'),
    text('example.ndjson'),
    init({ module_or_path: new URL('studio.wasm', document.baseURI) }),
  ]);
  journey.value = events;
  load(name, example);
  if (language === 'zh' && [...locale.options].some((option) => option.value === 'zh')) {
    locale.value = 'zh';
    refresh();
  }
  addEventListener('hashchange', () => {
    if (preferred() === language || !location.hash.startsWith('#lang=')) return;
    language = preferred();
    translate();
    refresh();
  });
}

start().catch((error: unknown) => {
  console.error(error);
  trouble(words[language].noWasm);
});
