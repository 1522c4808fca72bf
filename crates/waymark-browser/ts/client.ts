// What a page may call, and what happens by itself.

import { agree, edgesOwn, embedded, type EdgesOwn, type Embedded } from './page/adopt';
import { pageNames, read as readCall } from './call/calls';
import { any, NONE, read, refused, same, standing } from './visitor/consent';
import { Database } from './visitor/database';
import { Decider, type Host } from './engine/decider';
import { Emitter } from './call/emitter';
import { type DecisionContext, encodeEvent } from './engine/encode';
import { BadCall, eventName, type Held, idOf, instant, make, messageIdOf, neededId, payloadOf } from './call/envelope';
import { Exposures } from './page/exposures';
import { mint, random } from './visitor/identity';
import { Messenger } from './visitor/messenger';
import type { Modules, Parts, Sdk } from './sdk';
import { activated, onNavigation } from './page/navigation';
import { Outbox, type Ports } from './delivery/outbox';
import { snapshot, surroundings, zoneName } from './page/page';
import { type Line, Queue } from './delivery/queue';
import { Slots } from './page/slots';
import { type Record, RECORD, Store, type Who } from './visitor/storage';
import { Vault } from './visitor/vault';
import type {
  Boot, CallOptions, Consent, Decision, Events, JsonObject, Options, Purposes, Stats, User,
} from './types';

/** About a week, after which the edge is told again what was answered: its cookie is not to run out. */
const TOLD_EVERY = 6e8;

/** Calls that may wait for an answer to the question of consent. */
const HELD = 1_000;

const NOTHING: Decision = {
  slots: {},
  segments: [],
  stage: null,
  validUntil: null,
  pack: null,
  seq: 0,
  source: 'none',
};

const ports = (): Ports => ({
  fetch: (url, init) => fetch(url, init),
  beacon: (url, body) => navigator.sendBeacon(url, body),
  locks: navigator.locks,
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms, run) => setTimeout(run, ms),
  cancel: (timer) => clearTimeout(timer),
});

export class Client implements Sdk {
  readonly stats: Stats = { mismatch: 0, stale: 0, dropped: 0 };
  readonly options: Options;
  readonly origin: string;
  readonly emitter = new Emitter();
  readonly fail = (code: string, message: string): void => this.emitter.fail(code, message);
  readonly #parts: Parts;
  readonly #store: Store;
  readonly #slots: Slots;
  readonly decider: Decider;
  readonly outbox: Outbox;
  readonly #messenger: Messenger;
  readonly #exposures: Exposures;
  readonly #mask: boolean;
  readonly #gpc = navigator.globalPrivacyControl === true;
  #surroundings: JsonObject | undefined;
  readonly #query = new URLSearchParams(location.search);
  readonly #found: Embedded | undefined = embedded();
  readonly #loaded: Promise<void>;
  #begun: Promise<void>;
  #record: Record;
  /** Known to the page before it may be kept. */
  #who: Who = {};
  /** The id that the page wants for the device. */
  #claimed: string | undefined;
  #held: Held[] = [];
  /** What the edge alone decides: the page keeps it as it came. */
  #edge: EdgesOwn = { slots: {}, exposures: [], views: [] };
  #releasing = false;
  /** A preview, or a page that is about to be one: nothing that happens is told to anybody. */
  #rehearsing = this.#query.has('waymark_preview');
  /** Counts the answers and resets: what was begun under an earlier one is void. */
  #era = 0;
  #lastAt = 0;
  #latest: Decision | undefined = this.#found?.decision;

  constructor({ options, origin }: Boot, parts: Parts) {
    const { writeKey } = options;
    const lasting = options.storage !== 'memory';
    this.options = options;
    this.#mask = options.mask !== 'false';
    this.origin = origin;
    this.#parts = parts;
    const store = Store.ofPage(lasting);
    const world = ports();
    this.#store = store;
    this.#record = store.record();
    const host: Host = {
      context: () => this.context(),
      mayKeep: () => this.consent().personalization,
      decided: (decision) => this.#show(decision),
      changed: ({ entered, left, stage }) => this.emitter.emit('effects', { entered, left, stage }),
      acted: ({ id, event, properties }, at) => {
        this.#hold({ kind: 'track', event, payload: payloadOf(properties) }, at, {}, id);
        this.emitter.emit('action', { event, properties });
      },
      fail: this.fail,
    };
    this.#slots = new Slots({
      fail: this.fail,
      appeared: () => this.#latest && this.#exposures.log(this.#latest),
      present: (id, slot) => void this.#with('overlay', ({ present }) => present(this, id, slot)),
      patch: (changes) => void this.#with('patches', ({ patch }) => patch(changes)),
    });
    this.#exposures = new Exposures({ has: (slot) => this.#slots.has(slot), log: (...said) => this.log(...said) });
    const database = new Database(lasting ? window.indexedDB : undefined);
    this.decider = new Decider(new Vault(store, database), host);
    const queue = new Queue(store, database, world.now);
    this.outbox = new Outbox(origin, writeKey, queue, world, this.stats);
    this.#messenger = new Messenger(origin, writeKey, world);
    this.#know();
    this.emitter.emit('consent', this.consent());
    if (this.#latest) {
      this.#slots.patch(this.#latest);
      this.#slots.release();
      this.emitter.emit('decision', this.#latest);
    }
    this.#begun = this.#begin();
    this.#loaded = this.#loadEngine(origin);
    setTimeout(() => this.#listen());
  }

  page(kind: 'page' | 'screen', args: unknown[], at: number, more: JsonObject = {}): void {
    const { names, payload, options, callback } = readCall(args, 2);
    const named = pageNames(names);
    const seen = snapshot(this.#mask);
    const properties = payloadOf(payload, kind === 'page' ? { ...seen.page, ...more, ...named } : named);
    this.#hold({ kind, payload: properties }, at, options);
    const { category = null, name = null } = named as { category?: string; name?: string };
    this.emitter.emit(kind, category, name, JSON.parse(properties), options);
    callback?.();
  }

  track(args: unknown[], at: number): void {
    const { names: [name], payload, options, callback } = readCall(args, 1);
    const event = eventName(name);
    const properties = payloadOf(payload);
    this.#hold({ kind: 'track', event, payload: properties }, at, options);
    this.emitter.emit('track', event, (payload ?? {}) as JsonObject, options);
    callback?.();
  }

  identify(args: unknown[], at: number): void {
    const { names: [id], payload, options, callback } = readCall(args, 1);
    const text = payloadOf(payload);
    const userId = idOf(id);
    const traits = JSON.parse(text) as JsonObject;
    const { userId: before = userId, traits: known } = this.#who;
    // Somebody else has traits of their own.
    this.#keep({ ...(userId && { userId }), traits: { ...((userId ?? before) === before && known), ...traits } });
    this.#hold({ kind: 'identify', payload: text }, at, options);
    this.emitter.emit('identify', userId ?? null, traits, options);
    callback?.();
  }

  group(args: unknown[], at: number): unknown {
    if (!args.length) return { id: () => this.#who.groupId ?? null };
    const { names: [id], payload, options, callback } = readCall(args, 1);
    const text = payloadOf(payload);
    const groupId = neededId(id);
    this.#keep({ groupId });
    this.#hold({ kind: 'group', groupId, payload: text }, at, options);
    this.emitter.emit('group', groupId, (payload ?? {}) as JsonObject, options);
    callback?.();
    return undefined;
  }

  alias(args: unknown[], at: number): void {
    const { names: [id, previous], options, callback } = readCall(args, 2);
    const [userId, previousId] = [neededId(id), idOf(previous)];
    this.#keep({ userId });
    this.#hold({ kind: 'alias', previousId, payload: '{}' }, at, options);
    this.emitter.emit('alias', userId, previousId ?? null, options);
    callback?.();
  }

  /** Somebody else is at the device now. */
  reset(): void {
    this.#release();
    this.#era++;
    this.#who = {};
    this.#claimed = undefined;
    this.#held = [];
    this.emitter.emit('reset');
    if (!any(this.consent())) return;
    const { consent, untold } = this.#record;
    this.#record = { consent, untold };
    this.#store.keep(this.#record);
    this.decider.forget(true);
    this.decider.decideSoon();
    this.#begun = this.#begin();
  }

  user(): User {
    return {
      id: () => this.#who.userId ?? null,
      anonymousId: () => this.#record.device?.id ?? null,
      traits: () => this.#who.traits ?? {},
    };
  }

  setAnonymousId(id: unknown): void {
    const claimed = neededId(id);
    this.#release();
    this.#claimed = claimed;
    if (any(this.consent())) this.#record.device = { id: claimed };
    this.#keep({});
  }

  consent(answer?: unknown): Consent {
    if (answer !== undefined) {
      const purposes = read(answer);
      if (!purposes) {
        throw new BadCall('bad-consent', 'consent() takes {analytics, personalization, marketing}');
      }
      // A browser that says no is not overruled.
      if (!this.#gpc || !any(purposes)) this.#answer(purposes);
      this.emitter.emit('consent', this.consent());
    }
    return standing(this.#record.consent, this.#gpc);
  }

  async decide(): Promise<Decision> {
    await Promise.all([this.#loaded, this.#begun]);
    this.#release();
    const decision = this.decider.decide();
    return decision ? this.#whole(decision) : this.#latest ?? NOTHING;
  }

  place(slot: string, element: Element): void {
    this.#slots.add(slot, element);
  }

  async explain(slot?: string): Promise<JsonObject> {
    const { explain } = await this.#parts.module('inspector');
    return explain(this, slot);
  }

  async preview(token: unknown): Promise<void> {
    const { preview } = await this.#parts.module('preview');
    await this.#loaded;
    return preview(this, typeof token === 'string' ? token : '');
  }

  async ready(callback?: unknown): Promise<void> {
    await this.#loaded;
    if (typeof callback === 'function') callback();
  }

  on(name: unknown, handler: unknown, how: 'on' | 'once' | 'off'): () => void {
    if (typeof handler !== 'function') {
      throw new BadCall('bad-handler', `${how}() takes a name and a function`);
    }
    return this.emitter[how](name as keyof Events, handler as () => void) as () => void;
  }

  log(event: string, properties: JsonObject): void {
    this.#hold({ kind: 'track', event, payload: payloadOf(properties) }, Date.now(), {});
    if (event === 'Experiment Viewed') this.emitter.emit('exposure', properties);
  }

  rehearse(program: Uint8Array): void {
    this.#rehearsing = true;
    this.#held = [];
    this.decider.rehearse(program);
  }

  trusted(html: string): unknown {
    return this.#slots.trusted(html);
  }

  #answer(purposes: Purposes): void {
    // What was kept, whatever the browser says now: its word may be taken back, and theirs is not.
    const before = standing(this.#record.consent, false);
    // Consent platforms say it on every page.
    if (same(before, { ...purposes, decided: true })) return;
    this.#era++;
    const { device } = this.#record;
    let { untold } = this.#record;
    if (device) untold = [...(untold ?? []), { device, consent: purposes }];
    if (!purposes.personalization) this.decider.forget(before.personalization);
    if (refused(purposes)) {
      this.#record = { consent: purposes, untold };
      this.outbox.clear();
      this.#who = {};
      if (!any(purposes)) this.#held = [];
    } else {
      this.#record = { ...this.#record, ...this.#who, consent: purposes, untold };
    }
    this.#store.keep(this.#record);
    if (before.personalization && !purposes.personalization) this.#withdraw();
    else this.decider.decideSoon();
    this.#begun = this.#begin();
  }

  /** The author's content comes back; what the edge had replaced, it is asked for again. */
  #withdraw(): void {
    const lost = this.#slots.restoreAll();
    this.#latest = undefined;
    this.#edge = { slots: {}, exposures: [], views: [] };
    this.decider.decide();
    void this.#tell().then(() => {
      if (lost) void this.#with('authors', ({ restore }) => restore(this));
    });
  }

  /** Goes to work under what is allowed now. */
  async #begin(): Promise<void> {
    const era = this.#era;
    void this.#tell();
    if (!any(this.consent())) return;
    if (!this.#record.device) {
      const device = this.#claimed === undefined ? await mint(random, crypto.subtle) : { id: this.#claimed };
      if (era !== this.#era || this.#record.device || !any(this.consent())) return;
      this.#record.device = device;
    }
    const { device, untold = [], consent = NONE, told = 0 } = this.#record;
    if (told + TOLD_EVERY < Date.now()) {
      this.#record = { ...this.#record, told: Date.now(), untold: [...untold, { device, consent }] };
      this.#store.keep(this.#record);
      void this.#tell();
    }
    setTimeout(() => this.#release());
    // An earlier page may have left some.
    this.outbox.schedule();
  }

  /** Tells the edge what was answered, until it has heard; it has nothing to keep in its cookie of who is not kept. */
  async #tell(): Promise<void> {
    const allowed = (consent: Purposes): boolean => !this.#gpc || !any(consent);
    const next = this.#record.untold?.find(({ consent }) => allowed(consent));
    if (!next || this.options.storage === 'memory' || !(await this.#messenger.tell(next))) return;
    // Those before it are of no account any longer.
    const rest = this.#record.untold?.filter((_, at, all) => at > all.indexOf(next));
    this.#record.untold = rest?.[0] && rest;
    this.#store.keep(this.#record);
    await this.#tell();
  }

  /** Remembers something of the visitor, and on the device if that may be. */
  #keep(more: Who): void {
    this.#who = { ...this.#who, ...more };
    if (!any(this.consent())) return;
    this.#record = { ...this.#record, ...this.#who };
    this.#store.keep(this.#record);
  }

  /** What an earlier page or another tab has kept. */
  #know(): void {
    if (!any(this.consent())) return;
    const { userId, traits, groupId } = this.#record;
    this.#who = { userId, traits, groupId };
  }

  #hold(call: Pick<Held, 'kind' | 'event' | 'groupId' | 'previousId' | 'payload'>, at: number, options: CallOptions, id?: string): void {
    const consent = this.consent();
    if (this.#rehearsing || (consent.decided && !any(consent))) return;
    if (this.#held.length >= HELD) {
      this.stats.dropped++;
      return;
    }
    const { context, timestamp } = options;
    const said = timestamp === undefined ? undefined : instant(timestamp);
    // Events of one millisecond keep their order; what has an id has its time, too.
    if (said === undefined) this.#lastAt = id ? at : Math.max(at, this.#lastAt + 1);
    this.#held.push({
      ...call,
      id: id ?? messageIdOf(options.messageId),
      at: said ?? this.#lastAt,
      userId: this.#who.userId,
      context: context && payloadOf(context),
      seen: snapshot(this.#mask),
    });
    if (this.#releasing) return;
    this.#releasing = true;
    setTimeout(() => this.#release());
  }

  #release(): void {
    this.#releasing = false;
    const consent = this.consent();
    const { device } = this.#record;
    // What a page does that nobody sees yet has not happened.
    if (!any(consent) || !device || (document as { prerendering?: boolean }).prerendering) return;
    const purposes = this.#record.consent ?? NONE;
    if (!this.#surroundings) {
      this.#record.zone = zoneName(this.#record.zone);
      this.#store.keep(this.#record);
      this.#surroundings = surroundings(this.#record.zone);
    }
    const lines: Line[] = [];
    const news: Uint8Array[] = [];
    for (const held of this.#held.splice(0)) {
      try {
        const { json, engine } = make(held, device, purposes, this.#surroundings, this.#mask);
        news.push(encodeEvent(engine));
        lines.push({ id: engine.id, at: held.at, count: 1, key: device.key ?? '', text: json });
      } catch (error) {
        this.fail((error as Error).name, (error as Error).message);
      }
    }
    this.outbox.add(lines);
    if (consent.personalization) for (const event of news) this.decider.apply(event);
  }

  context(): DecisionContext {
    const seen = snapshot(this.#mask);
    return {
      values: { ...seen.values, ...this.#found?.context },
      consent: this.consent(),
      locale: seen.locale,
      anonymousId: any(this.consent()) ? this.#record.device?.id : undefined,
      shown: [...this.#exposures.shown],
    };
  }

  async #loadEngine(origin: string): Promise<void> {
    try {
      await this.decider.load(origin, this.#latest?.pack ?? null, this.#parts);
      if (!(await this.#adopts())) this.decider.decideSoon();
      this.decider.catchUp();
    } catch (error) {
      this.decider.end();
      this.#slots.release();
      this.fail('engine-unavailable', String(error));
    }
    this.emitter.emit('ready');
  }

  /** Whether the edge's decision stands: made with what the device knows, it is the device's own. */
  async #adopts(): Promise<boolean> {
    const [found, decider] = [this.#found, this.decider];
    const meet = () => this.#with('devices', ({ start }) => start(this));
    if (!found) {
      // Who is known has other devices, and servers that tell of them.
      if (this.#who.userId) void meet();
      return false;
    }
    const { decision, now } = found;
    let own = decider.decideAt(now);
    // The edge has heard of things that this device has not.
    if (own && decision.seq > own.seq) {
      await meet();
      own = decider.decideAt(now);
    }
    if (own) this.#edge = edgesOwn(decision, own);
    this.#exposures.log(this.#edge);
    const whole = own && this.#whole(own);
    const stale = whole?.pack !== decision.pack || whole.seq !== decision.seq;
    if (stale || !agree(whole, decision)) {
      this.stats[(this.outbox.adopted = stale ? 'stale' : 'mismatch')]++;
      return false;
    }
    this.outbox.adopted = 'same';
    // The page may not have been whole when it began.
    this.#slots.show(whole);
    decider.wakeAt(decision.validUntil);
    this.#exposures.log(whole);
    return true;
  }

  /** A decision of the device, with what the edge alone decides. */
  #whole(decision: Decision): Decision {
    return { ...decision, slots: { ...this.#edge.slots, ...decision.slots } };
  }

  #show(made: Decision): void {
    const before = this.#latest;
    const decision = this.#whole(made);
    // Before anything can lead away from the page.
    if (!this.#rehearsing) this.#exposures.log(decision);
    this.#slots.show(decision);
    // One that says what the last one said is no news.
    if (before && agree(before, decision) && data(before) === data(decision)) return;
    this.#latest = decision;
    this.emitter.emit('decision', decision);
  }

  #listen(): void {
    const leave = (): void => {
      this.#release();
      this.decider.save(true);
      if (any(this.consent())) this.outbox.leave();
    };
    addEventListener('pagehide', leave);
    addEventListener('pageshow', (event) => event.persisted && this.decider.tick());
    document.addEventListener('visibilitychange', () =>
      document.visibilityState === 'hidden' ? leave() : this.decider.tick(),
    );
    addEventListener('online', () => any(this.consent()) && this.outbox.schedule());
    addEventListener('storage', ({ key }) => {
      if (key === RECORD || key === null) this.#heard();
    });
    void activated()?.then(() => {
      for (const held of this.#held) this.#lastAt = held.at = Math.max(Date.now(), this.#lastAt + 1);
      this.#release();
    });
    if (this.options.autoPage !== 'false') {
      onNavigation((from) => this.page('page', [], Date.now(), { referrer: from }));
    }
    this.#startModules();
  }

  #startModules(): void {
    const { capture, consent, bridge } = this.options;
    const start = (name: 'capture' | 'signals' | 'bridge' | 'inspector', wanted: unknown): void => {
      if (wanted) void this.#with(name, (module) => module.start(this));
    };
    start('signals', consent);
    start('bridge', bridge);
    start('inspector', this.#query.get('waymark') === 'debug');
    if (this.#rehearsing) {
      this.preview(this.#query.get('waymark_preview')).catch((error) => {
        this.#rehearsing = false;
        this.fail('bad-preview', String(error));
      });
    }
    const marked = (): unknown => capture ?? document.querySelector('[data-waymark-event]');
    if (capture || document.readyState === 'complete') start('capture', marked());
    else addEventListener('load', () => start('capture', marked()));
  }

  async #with<Name extends keyof Modules>(name: Name, run: (module: Modules[Name]) => unknown): Promise<void> {
    try {
      await run(await this.#parts.module(name));
    } catch (error) {
      this.fail('module-unavailable', `${name}: ${String(error)}`);
    }
  }

  /** The visitor has answered in another tab, which tells the edge. */
  #heard(): void {
    const before = this.consent();
    this.#record = this.#store.record();
    const now = this.consent();
    if (any(now)) {
      this.#know();
      if (this.#record.device) this.#release();
    } else this.#held = [];
    if (same(before, now)) return;
    // What waits here is not to be sent any longer, nor kept.
    if (refused(now)) this.outbox.clear();
    if (!now.personalization) {
      this.decider.forget(false);
      this.#slots.restoreAll();
    }
    this.emitter.emit('consent', now);
    this.decider.decideSoon();
  }
}

/** What a decision gives to the page's own code. */
const data = ({ slots }: Decision): string =>
  JSON.stringify(Object.values(slots).map(({ json }) => json ?? null));
