// The journey as people read it: what each event was, what it changed, and a form to change it.

import { make } from './dom';
import { type Line, type Sent, instantOf, lines, payload, saidBy } from './journey';
import type { Offer, Outline } from './outline';
import type { Action, Effect, Json, Ran } from './types';
import { type Language, instant, words } from './words';

/** Events that are listed: the latest ones. */
const LISTED = 200;
/** By these a person knows one event from another. */
const TELLING = ['name', 'category', 'path', 'revenue', 'value', 'firstName', 'order_id', 'price'];

export interface Edits {
  change(line: number, event: Sent): void;
  remove(line: number): void;
}

/** Elements stay as long as their events do, so that whoever is typing in one is not interrupted. */
export class Timeline {
  readonly #list: HTMLElement;
  readonly #edits: Edits;
  #items: Item[] = [];

  constructor(list: HTMLElement, edits: Edits) {
    this.#list = list;
    this.#edits = edits;
  }

  show(text: string, { effects, actions }: Pick<Ran, 'effects' | 'actions'>, said: Outline | null, language: Language): void {
    const say = words[language];
    const sent = new Map(lines(text).map((line) => [line.number, line]));
    const listed = effects.slice(-LISTED);
    this.#items.splice(listed.length);
    listed.forEach((effect, at) => {
      const line = sent.get(effect.line) ?? { number: effect.line, event: {} };
      const item = (this.#items[at] ??= new Item(this.#edits, (gone) => this.#forget(gone)));
      item.show(line, effect, offered(said, line.event, effect.event), language);
    });
    const notes: HTMLElement[] = [];
    if (effects.length === 0) notes.push(make('li', { class: 'quiet' }, say.noEvents));
    if (effects.length > LISTED) notes.push(make('li', { class: 'quiet' }, say.earlierEvents(effects.length - LISTED)));
    const done = actions.slice(-LISTED).map((action) => taken(action, language));
    const wanted = [...notes, ...this.#items.map((item) => item.element), ...done];
    // Moving an element takes the focus out of it.
    for (const old of [...this.#list.children]) if (!wanted.includes(old as HTMLElement)) old.remove();
    wanted.forEach((element, at) => {
      if (this.#list.children[at] !== element) this.#list.insertBefore(element, this.#list.children[at] ?? null);
    });
  }

  #forget(item: Item): void {
    const at = this.#items.indexOf(item);
    this.#items.splice(at, 1);
    item.element.remove();
    this.#edits.remove(item.line.number);
    (this.#items[at] ?? this.#items.at(-1))?.focus();
  }
}

/** What triggers and journeys did, behind the events. */
function taken({ at, event, properties }: Action, language: Language): HTMLElement {
  const { destination_id, content_id, survey_id, message_id, trigger_id, journey_id, step_id } = properties;
  const what = [destination_id ?? content_id ?? survey_id, message_id].filter(Boolean).join(' · ');
  const whose = journey_id ? `${journey_id}, ${step_id}` : trigger_id;
  return make('li', { class: 'done', 'data-event': event },
    make('span', { class: 'mark mark--in' }, words[language].does(what)),
    make('span', { class: 'quiet' }, whose ?? ''),
    at === null ? '' : make('time', { datetime: at, title: words[language].utc }, instant(at, language)));
}

/** What the pack says of such an event. */
function offered(said: Outline | null, event: Sent, name: string): Offer | undefined {
  return event['type'] === 'identify' ? said?.traits : said?.events.get(name);
}

class Item {
  readonly element: HTMLLIElement;
  line: Line = { number: 0, event: {} };
  readonly #summary = make('summary');
  readonly #form = make('div', { class: 'fields' });
  readonly #details = make('details', { class: 'event' }, this.#summary, this.#form);
  readonly #drop = make('button', { type: 'button', class: 'drop' }, '×');
  readonly #marks = make('p', { class: 'marks' });
  readonly #change: Edits['change'];
  /** What the fields were made for. */
  #made = '';
  #fields: Field[] = [];
  #fill = (): void => undefined;

  constructor(edits: Edits, remove: (item: Item) => void) {
    this.#change = (line, event) => edits.change(line, event);
    this.element = make('li', {}, this.#details, this.#drop, this.#marks);
    this.#drop.addEventListener('click', () => remove(this));
    // Before it opens: whoever presses Tab right after finds the fields there.
    this.#summary.addEventListener('click', () => this.#fill());
  }

  focus(): void {
    this.#drop.focus();
  }

  show(line: Line, effect: Effect, offer: Offer | undefined, language: Language): void {
    const say = words[language];
    this.line = line;
    this.element.dataset['line'] = String(line.number);
    const touchpoint = offer?.touchpoint.get(language) ?? offer?.touchpoint.values().next().value;
    const about = [touchpoint, ...gist(line.event)].filter(Boolean).join(' · ');
    this.#summary.replaceChildren(
      make('strong', {}, effect.event),
      make('span', { class: 'quiet' }, about),
      effect.time === null ? '' : make('time', { datetime: effect.time, title: say.utc }, instant(effect.time, language)),
    );
    this.#drop.setAttribute('aria-label', say.remove(effect.event));
    const marks = [
      ...effect.entered.map((id) => make('span', { class: 'mark mark--in' }, say.entered(id))),
      ...effect.left.map((id) => make('span', { class: 'mark' }, say.left(id))),
      ...(effect.stage ? [make('span', { class: 'mark mark--stage' }, say.moved(effect.stage.to))] : []),
      ...(effect.applied === 'in-order' ? [] : [make('span', { class: 'mark mark--note' }, say[effect.applied])]),
    ];
    this.#marks.hidden = marks.length === 0;
    this.#marks.replaceChildren(...marks);
    this.#fill = () => this.#fillIn(offer, language);
    if (this.#details.open) this.#fill();
  }

  #fillIn(offer: Offer | undefined, language: Language): void {
    const said = saidBy(this.line.event);
    const types = new Map([...typesOf(said), ...(offer?.types ?? [])]);
    // What does not fit its type is shown as it is.
    for (const [key, type] of typesOf(said)) if (type === 'string') types.set(key, type);
    const made = JSON.stringify([language, this.line.event['type'], ...types]);
    const typing = this.#form.contains(document.activeElement);
    if (made !== this.#made && !typing) {
      this.#made = made;
      const property = ([key, type]: [string, string]): Field => new Field(key, type, (value) => this.#says(key, value));
      const time = new Field(words[language].time, 'time', (value) => this.#happened(value), 'timestamp');
      this.#fields = [time, ...[...types].map(property)];
      this.#form.replaceChildren(...this.#fields.map((field) => field.element));
    }
    for (const field of this.#fields) field.show(field.key === null ? this.line.event['timestamp'] : said[field.key]);
  }

  #says(key: string, value: Json | undefined): void {
    const said = new Map(Object.entries(saidBy(this.line.event)));
    if (value === undefined) said.delete(key);
    else said.set(key, value);
    const { number, event } = this.line;
    this.#change(number, { ...event, [payload(event)]: Object.fromEntries(said) });
  }

  #happened(value: Json | undefined): void {
    const time = Date.parse(String(value));
    if (Number.isNaN(time)) return;
    this.#change(this.line.number, { ...this.line.event, timestamp: instantOf(time) });
  }
}

/** One property of an event, in a form. */
class Field {
  readonly element: HTMLLabelElement;
  /** The property; null for when it happened. */
  readonly key: string | null;
  readonly #input: HTMLInputElement;
  readonly #type: string;

  constructor(label: string, type: string, changed: (value: Json | undefined) => void, member?: 'timestamp') {
    this.key = member === undefined ? label : null;
    this.#type = type;
    const kind = { time: 'datetime-local', number: 'number', boolean: 'checkbox' }[type] ?? 'text';
    this.#input = make('input', { type: kind, step: kind === 'number' ? 'any' : '1', spellcheck: 'false', autocapitalize: 'off', autocomplete: 'off' });
    this.element = make('label', { class: 'field' }, make('span', {}, member === undefined ? make('code', {}, label) : label), this.#input);
    this.#input.addEventListener('input', () => {
      const value = this.#value();
      this.#input.setAttribute('aria-invalid', String(value === null));
      if (value !== null) changed(value);
    });
  }

  show(value: Json | undefined): void {
    if (this.#type === 'boolean') this.#input.checked = value === true;
    else if (this.#input !== document.activeElement) this.#input.value = this.#text(value);
  }

  #text(value: Json | undefined): string {
    if (this.#type === 'time') {
      const time = typeof value === 'number' ? value : Date.parse(String(value));
      return Number.isNaN(time) ? '' : instantOf(time).replace('Z', '');
    }
    if (value === undefined) return '';
    return typeof value === 'string' && !this.#isJson() ? value : JSON.stringify(value);
  }

  /** Null while it cannot be read; undefined for no value. */
  #value(): Json | undefined {
    const text = this.#input.value;
    if (this.#type === 'boolean') return this.#input.checked;
    if (this.#input.validity.badInput) return null;
    if (text === '') return this.#type === 'time' ? null : undefined;
    if (this.#type === 'time') return `${text}Z`;
    if (this.#type === 'number') return Number(text);
    if (!this.#isJson()) return text;
    try {
      return JSON.parse(text) as Json;
    } catch {
      return null;
    }
  }

  #isJson(): boolean {
    return this.#type === 'array' || this.#type === 'object';
  }
}

function typesOf(said: Sent): [string, string][] {
  return Object.entries(said).map(([key, value]) => [key, Array.isArray(value) ? 'array' : typeof value]);
}

function gist(event: Sent): string[] {
  const said = saidBy(event);
  return TELLING.map((key) => said[key])
    .filter((value) => typeof value === 'string' || typeof value === 'number')
    .slice(0, 2)
    .map(String);
}
