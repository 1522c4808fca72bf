// The methods that a page calls, and what happens by itself.

import { agree, edgesOwn, embedded, type EdgesOwn, type Embedded } from './adopt';
import { any, NONE, read, refused, standing } from './consent';
import { Decider, type Host } from './decider';
import { Emitter } from './emitter';
import { type DecisionContext, encodeEvent } from './encode';
import { BadCall, eventName, type Held, make, payloadOf, userIdOf } from './envelope';
import { messageId, mint, random } from './identity';
import { Messenger } from './messenger';
import { Outbox, type Ports } from './outbox';
import { groups, snapshot, surroundings } from './page';
import { Slots } from './slots';
import { type Record, RECORD, STATE, Store } from './storage';
import type { Boot, Consent, Core, Decision, Events, Exposure, JsonObject, Purposes, Stats, View } from './types';

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

const PORTS: Ports = {
  fetch: (url, init) => fetch(url, init),
  beacon: (url, body) => navigator.sendBeacon(url, body),
  locks: navigator.locks,
  now: () => Date.now(),
  random: () => Math.random(),
  after: (ms, run) => setTimeout(run, ms),
  cancel: (timer) => clearTimeout(timer),
};

export class Client {
  readonly stats: Stats = { mismatch: 0, stale: 0, dropped: 0 };
  private readonly store = Store.ofPage();
  private readonly emitter = new Emitter();
  readonly fail = (code: string, message: string): void => this.emitter.fail(code, message);
  private readonly slots = new Slots(this.fail);
  private readonly decider: Decider;
  private readonly outbox: Outbox;
  private readonly messenger: Messenger;
  private readonly gpc = navigator.globalPrivacyControl === true;
  private readonly surroundings: JsonObject = surroundings();
  private readonly found: Embedded | undefined = embedded();
  private readonly loaded: Promise<void>;
  private begun: Promise<void>;
  private record: Record = this.store.record();
  private userId: string | undefined;
  private held: Held[] = [];
  /** Variations and views that were logged on this page. */
  private readonly exposed = new Set<string>();
  /** Rules whose content this page has shown, and what counts how often they do. */
  private readonly shown = new Set<string>();
  /** What the edge alone decides: the page keeps it as it came. */
  private edge: EdgesOwn = { slots: {}, exposures: [], views: [] };
  private releasing = false;
  /** Counts the answers and resets: what was begun under an earlier one is void. */
  private era = 0;
  private lastAt = 0;
  private latest: Decision | undefined = this.found?.decision;

  constructor(boot: Boot) {
    const { origin, writeKey } = boot;
    const host: Host = {
      context: () => this.context(),
      mayKeep: () => this.consent().personalization,
      decided: (decision) => this.show(decision),
      changed: ({ entered, left, stage }) => this.emitter.emit('effects', { entered, left, stage }),
      acted: ({ id, event, properties }, at) => this.act(id, event, properties, at),
      fail: this.fail,
    };
    this.decider = new Decider(this.store, host);
    this.outbox = new Outbox(origin, writeKey, this.store, PORTS, this.stats);
    this.messenger = new Messenger(origin, writeKey, PORTS);
    if (any(this.consent())) this.userId = this.record.userId;
    this.emitter.emit('consent', this.consent());
    if (this.latest) {
      this.slots.patch(this.latest);
      this.emitter.emit('decision', this.latest);
    }
    this.begun = this.begin();
    this.loaded = this.load(origin);
    this.listen();
  }

  page(name: unknown, properties: unknown, at: number): void {
    const seen = snapshot();
    const more: JsonObject = { ...seen.page };
    if (name !== undefined && name !== null && name !== '') more['name'] = String(name);
    this.hold({ kind: 'page', payload: payloadOf(properties, more), seen }, at);
  }

  track(event: unknown, properties: unknown, at: number): void {
    const name = eventName(event);
    this.hold({ kind: 'track', event: name, payload: payloadOf(properties), seen: snapshot() }, at);
  }

  identify(userId: unknown, traits: unknown, at: number): void {
    const payload = payloadOf(traits);
    const known = userIdOf(userId);
    if (known !== undefined) {
      this.userId = known;
      if (any(this.consent())) {
        this.record.userId = known;
        this.store.keep(this.record);
      }
    }
    this.hold({ kind: 'identify', payload, seen: snapshot() }, at);
  }

  /** Somebody else is at the device now. */
  reset(): void {
    this.release();
    this.era++;
    this.userId = undefined;
    this.held = [];
    if (!any(this.consent())) return;
    const { consent, untold } = this.record;
    this.record = { consent, untold };
    this.store.keep(this.record);
    this.decider.forget();
    this.decider.decideSoon();
    this.begun = this.begin();
  }

  consent(answer?: unknown): Consent {
    if (answer !== undefined) {
      const purposes = read(answer);
      if (!purposes) {
        throw new BadCall('bad-consent', 'consent() takes {analytics, personalization, marketing}');
      }
      // A browser that says no is not overruled.
      if (!this.gpc || !any(purposes)) this.answer(purposes);
      this.emitter.emit('consent', this.consent());
    }
    return standing(this.record.consent, this.gpc);
  }

  async decide(): Promise<Decision> {
    await Promise.all([this.loaded, this.begun]);
    this.release();
    const decision = this.decider.decide();
    return decision ? this.whole(decision) : this.latest ?? NOTHING;
  }

  on(name: unknown, handler: unknown): () => void {
    if (typeof handler !== 'function') {
      throw new BadCall('bad-handler', 'on() takes a name and a function');
    }
    return this.emitter.on(name as keyof Events, handler as (payload: unknown) => void);
  }

  private answer(purposes: Purposes): void {
    this.era++;
    const before = this.consent();
    const { device, untold = [], userId } = this.record;
    if (device) untold.push({ device, consent: purposes });
    if (refused(purposes)) {
      this.record = { consent: purposes, untold };
      this.outbox.clear();
      this.userId = undefined;
      if (!any(purposes)) this.held = [];
    } else {
      this.record = { consent: purposes, untold, device, userId: userId ?? this.userId };
    }
    if (!untold.length) delete this.record.untold;
    this.store.keep(this.record);
    if (!purposes.personalization) this.decider.forget();
    if (before.personalization && !purposes.personalization) this.withdraw();
    else this.decider.decideSoon();
    this.begun = this.begin();
  }

  /** The author's content comes back; what the edge had replaced, it is asked for again. */
  private withdraw(): void {
    const lost = this.slots.restoreAll();
    this.latest = undefined;
    this.edge = { slots: {}, exposures: [], views: [] };
    this.decider.decide();
    void this.tell()
      .then(() => (lost ? this.slots.fetchAuthors() : undefined))
      .catch(() => undefined);
  }

  /** Goes to work under what is allowed now. */
  private async begin(): Promise<void> {
    const { era } = this;
    void this.tell();
    if (!any(this.consent())) return;
    if (!this.record.device) {
      const device = await mint(random, crypto.subtle);
      if (era !== this.era || this.record.device || !any(this.consent())) return;
      const { untold = [], consent = NONE } = this.record;
      this.record = { ...this.record, device, untold: [...untold, { device, consent }] };
      this.store.keep(this.record);
      void this.tell();
    }
    this.release();
    if (this.outbox.waiting()) this.outbox.schedule();
  }

  /** Tells the edge what was answered, until it has heard. */
  private async tell(): Promise<void> {
    const allowed = (consent: Purposes): boolean => !this.gpc || !any(consent);
    const next = this.record.untold?.find(({ consent }) => allowed(consent));
    if (!next || !(await this.messenger.tell(next))) return;
    const rest = this.record.untold?.filter((other) => other !== next);
    this.record = { ...this.record, untold: rest };
    if (!rest?.length) delete this.record.untold;
    this.store.keep(this.record);
    await this.tell();
  }

  /** The engine knows of it: the edge is told, and whoever listens. */
  private act(id: string, event: string, properties: JsonObject, at: number): void {
    this.hold({ kind: 'track', event, payload: payloadOf(properties), seen: snapshot() }, at, id);
    this.emitter.emit('action', { event, properties });
  }

  private hold(call: Omit<Held, 'id' | 'at' | 'userId'>, at: number, id?: string): void {
    const consent = this.consent();
    if (consent.decided && !any(consent)) return;
    if (this.held.length >= HELD) {
      this.stats.dropped++;
      return;
    }
    // Events of one millisecond keep their order; what has an id has its time, too.
    this.lastAt = id ? at : Math.max(at, this.lastAt + 1);
    this.held.push({ ...call, id: id ?? messageId(random), at: this.lastAt, userId: this.userId });
    if (this.releasing) return;
    this.releasing = true;
    setTimeout(() => this.release());
  }

  private release(): void {
    this.releasing = false;
    const consent = this.consent();
    const { device } = this.record;
    if (!any(consent) || !device) return;
    const purposes = { ...NONE, ...this.record.consent };
    for (const held of this.held.splice(0)) {
      try {
        const { json, engine } = make(held, device, purposes, this.surroundings);
        const bytes = encodeEvent(engine);
        this.outbox.add(held.id, held.at, device.key, json);
        if (consent.personalization) this.decider.apply(bytes);
      } catch (error) {
        this.fail((error as Error).name, (error as Error).message);
      }
    }
  }

  private context(): DecisionContext {
    const seen = snapshot();
    return {
      values: { ...groups(seen), ...this.found?.context },
      consent: this.consent(),
      locale: seen.locale,
      anonymousId: any(this.consent()) ? this.record.device?.id : undefined,
      shown: [...this.shown],
    };
  }

  private async load(origin: string): Promise<void> {
    try {
      await this.decider.load(origin, this.latest?.pack ?? null);
      if (!this.adopts()) this.decider.decideSoon();
      this.decider.catchUp();
    } catch (error) {
      this.decider.end();
      this.fail('engine-unavailable', String(error));
    }
    this.emitter.emit('ready', {});
  }

  /** Whether the edge's decision stands: made with what the device knows, it is the device's own. */
  private adopts(): boolean {
    const { found, stats, decider } = this;
    if (!found) return false;
    const { decision, now, state } = found;
    let own = decider.decideAt(now);
    // The edge may have heard of things that this device has not.
    if (own && state && this.consent().personalization && decision.seq > own.seq) {
      decider.resume(state);
      own = decider.decideAt(now);
    }
    if (own) this.edge = edgesOwn(decision, own);
    this.expose(this.edge);
    if (own) own = this.whole(own);
    if (own?.pack !== decision.pack || own?.seq !== decision.seq) stats.stale++;
    else if (!agree(own, decision)) stats.mismatch++;
    else {
      // The page may not have been whole when it began.
      this.slots.patch(own);
      decider.wakeAt(decision.validUntil);
      this.expose(own);
      return true;
    }
    return false;
  }

  /** A decision of the device, with what the edge alone decides. */
  private whole(decision: Decision): Decision {
    return { ...decision, slots: { ...this.edge.slots, ...decision.slots } };
  }

  private show(made: Decision): void {
    const before = this.latest;
    const decision = this.whole(made);
    this.expose(decision);
    this.slots.show(decision);
    // One that says what the last one said is no news.
    if (before && agree(before, decision) && data(before) === data(decision)) return;
    this.latest = decision;
    this.emitter.emit('decision', decision);
  }

  /** Logs what this page shows, each once, before anything can lead away from it. */
  private expose({ exposures = [], views = [] }: Pick<Decision, 'exposures' | 'views'>): void {
    for (const { placed, ...exposure } of exposures) {
      const { experiment_id, variation_id, slot } = exposure as Exposure;
      this.log('Experiment Viewed', [experiment_id, variation_id], exposure, placed && slot);
    }
    for (const { placed, decided, ...view } of views) {
      const { rule_id, content_id, slot } = view as View;
      const name = decided ? 'Content Decided' : 'Content Viewed';
      // It stays for as long as the page: the next one asks for its limit.
      if (this.log(name, [rule_id, content_id], view, placed && !decided && slot)) {
        this.shown.add(rule_id);
      }
    }
  }

  /** Gives whether it concerns this page: content for a slot does that the page has. */
  private log(name: string, ids: string[], properties: JsonObject, slot: string | false): boolean {
    if (slot !== false && !this.slots.has(slot)) return false;
    const key = JSON.stringify([name, ...ids]);
    if (!this.exposed.has(key)) {
      this.exposed.add(key);
      this.track(name, properties, Date.now());
    }
    return true;
  }

  private listen(): void {
    const leave = (): void => {
      this.release();
      this.decider.save();
      if (any(this.consent())) this.outbox.leave();
    };
    addEventListener('pagehide', leave);
    addEventListener('pageshow', (event) => event.persisted && this.decider.tick());
    document.addEventListener('visibilitychange', () =>
      document.visibilityState === 'hidden' ? leave() : this.decider.tick(),
    );
    addEventListener('online', () => this.outbox.waiting() && this.outbox.schedule());
    addEventListener('storage', ({ key }) => {
      if (key === RECORD || key === null) this.heard();
      if (key === STATE && this.store.get(STATE)) this.decider.rejoin();
    });
  }

  /** The visitor has answered in another tab, which tells the edge. */
  private heard(): void {
    const before = JSON.stringify(this.consent());
    this.record = this.store.record();
    const now = this.consent();
    if (any(now)) {
      this.userId = this.record.userId;
      if (this.record.device) this.release();
    } else this.held = [];
    if (JSON.stringify(now) === before) return;
    if (!now.personalization) {
      this.decider.forget();
      this.slots.restoreAll();
    }
    this.emitter.emit('consent', now);
    this.decider.decideSoon();
  }
}

/** What a decision gives to the page's own code. */
const data = ({ slots }: Decision): string =>
  JSON.stringify(Object.values(slots).map(({ json }) => json ?? null));

/** The client as a page sees it: a bad call is reported, and never thrown into the page. */
export function facade(client: Client, now: () => number = Date.now): Core {
  const guarded =
    <Args extends unknown[], Result>(run: (...args: Args) => Result, otherwise: () => Result) =>
    (...args: Args): Result => {
      try {
        return run(...args);
      } catch (error) {
        const { name, message } = error as Error;
        client.fail(name, message);
        return otherwise();
      }
    };
  const nothing = (): void => undefined;
  return {
    page: guarded((name, properties) => client.page(name, properties, now()), nothing),
    track: guarded((event, properties) => client.track(event, properties, now()), nothing),
    identify: guarded((userId, traits) => client.identify(userId, traits, now()), nothing),
    reset: guarded(() => client.reset(), nothing),
    consent: guarded((purposes) => client.consent(purposes), () => client.consent()),
    decide: () => client.decide(),
    on: guarded((name, handler) => client.on(name, handler), () => nothing),
    stats: client.stats,
  };
}
