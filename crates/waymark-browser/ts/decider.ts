// The engine and what it knows of this visitor: events in, decisions out, by itself when time has
// made the last one old.

import init, { Engine } from 'waymark-engine';

import { fromBase64, toBase64 } from './bytes';
import { decodeActed, decodeDecision, decodeEffects, type Acted, type Applied } from './decode';
import { encodeContext, type DecisionContext } from './encode';
import { STATE, type Store } from './storage';
import type { Decision } from './types';
import { zoneAt } from './zone';

const SAVE_AFTER = 250;
/** The longest a timer can wait. */
const FOREVER = 2 ** 31 - 1;
const SOONEST = 50;
/** How many events another tab may not have seen yet. */
const RECENT = 16;
/** Events that may wait for an engine, on all pages together. */
const MOST_KEPT = 100;
/** The byte of a Program whose lowest bit says that it needs the whole engine. */
const NEEDS_WHOLE = 4;
const NOBODY = new Uint8Array(0);

export interface Host {
  context(): DecisionContext;
  /** Whether a profile may be kept. */
  mayKeep(): boolean;
  decided(decision: Decision): void;
  changed(effects: Applied): void;
  /** Something is done now: it is to be logged under its id. */
  acted(action: Acted, at: number): void;
  fail(code: string, message: string): void;
}

export class Decider {
  private program: Uint8Array | undefined;
  private engine: Engine | undefined;
  private waiting: Uint8Array[] = [];
  private recent: Uint8Array[] = [];
  private timer: number | undefined;
  private saving: number | undefined;
  private deciding = false;
  private ended = false;

  constructor(
    private readonly store: Store,
    private readonly host: Host,
  ) {}

  /** Rejects where WebAssembly or the Program is not to be had. */
  async load(origin: string, pack: string | null): Promise<void> {
    // Most Programs need the lean engine only, so that is on its way before it is known.
    const lean = new AbortController();
    const guess = fetch(`${origin}/${__ENGINE__}`, { signal: lean.signal });
    guess.catch(() => undefined);
    const program = await fetchProgram(origin, pack);
    const needsWhole = (program[NEEDS_WHOLE]! & 1) === 1;
    if (needsWhole) lean.abort();
    await init({ module_or_path: needsWhole ? fetch(`${origin}/${__WHOLE_ENGINE__}`) : guess });
    this.engine = new Engine(program, NOBODY);
    this.program = program;
    this.resumeKept();
  }

  /** There will be no engine: nothing needs to wait for it. */
  end(): void {
    this.ended = true;
    this.waiting = [];
    this.stop();
  }

  /** Goes on from a state; from nothing where it cannot be read. */
  resume(state: Uint8Array | undefined): void {
    if (!this.program || this.ended) return;
    let engine: Engine | undefined;
    try {
      engine = new Engine(this.program, state ?? NOBODY);
    } catch (error) {
      console.warn(`waymark: the kept profile cannot be read (${(error as Error).name})`);
      this.store.remove(STATE);
      engine = new Engine(this.program, NOBODY);
    }
    this.engine?.free();
    this.engine = engine;
  }

  /** Takes in what came while the engine was on its way. */
  catchUp(): void {
    for (const event of this.waiting.splice(0)) this.apply(event);
  }

  apply(event: Uint8Array): void {
    if (this.ended) return;
    if (this.engine) {
      if (this.fold(event)) this.decideSoon();
    } else {
      this.waiting.push(event);
      this.saveSoon();
    }
  }

  /** Another tab has kept a state: goes on from that, with what it may not have known. */
  rejoin(): void {
    this.resumeKept();
    const recent = this.recent.splice(0);
    for (const event of recent) this.apply(event);
    this.decideSoon();
  }

  /** Knows nobody any longer. */
  forget(): void {
    this.waiting = [];
    this.recent = [];
    clearTimeout(this.saving);
    this.saving = undefined;
    this.store.remove(STATE);
    this.resume(undefined);
  }

  /** Several causes in one task are one decision. */
  decideSoon(): void {
    if (this.deciding || !this.engine) return;
    this.deciding = true;
    queueMicrotask(() => {
      if (this.deciding) this.decide();
    });
  }

  decide(): Decision | undefined {
    this.deciding = false;
    const decision = this.decideAt(Date.now());
    if (decision) {
      this.wakeAt(decision.validUntil);
      this.host.decided(decision);
    }
    return decision;
  }

  decideAt(now: number): Decision | undefined {
    return this.guarded((engine) => {
      return decodeDecision(engine.decide(this.context(engine, now), now));
    });
  }

  private context(engine: Engine, now: number): Uint8Array {
    return encodeContext({ ...this.host.context(), zone: zoneAt(now, engine.timezone()) });
  }

  /** Time has passed: windows may have slid, and something may be to be done. */
  tick(): void {
    const now = Date.now();
    const effects = this.guarded((engine) => decodeEffects(engine.advance(now)));
    if (!effects) return;
    this.tell(effects);
    const acted = this.guarded((engine) => decodeActed(engine.act(this.context(engine, now), now)));
    for (const action of acted ?? []) {
      this.saveSoon();
      this.tell(action.effects);
      this.host.acted(action, now);
    }
    this.decide();
  }

  /** What is kept is a state, and after it the events of pages that were left before their engine came. */
  save(): void {
    clearTimeout(this.saving);
    const due = this.saving !== undefined;
    this.saving = undefined;
    if (!due || !this.host.mayKeep()) return;
    const state = this.guarded((engine) => engine.snapshot());
    if (state) this.store.set(STATE, toBase64(state));
    else if (!this.ended) {
      const [kept = '', ...events] = this.kept();
      const all = [...events, ...this.waiting.splice(0).map(toBase64)].slice(-MOST_KEPT);
      this.store.set(STATE, [kept, ...all].join('\n'));
    }
  }

  private saveSoon(): void {
    this.saving ??= setTimeout(() => this.save(), SAVE_AFTER);
  }

  private kept(): string[] {
    const text = this.host.mayKeep() ? this.store.get(STATE) : null;
    return text ? text.split('\n') : [];
  }

  private resumeKept(): void {
    const [state, ...events] = this.kept().map((line) => {
      try {
        return fromBase64(line);
      } catch {
        return NOBODY;
      }
    });
    this.resume(state);
    for (const event of events) this.fold(event);
  }

  /** Gives whether it was news. */
  private fold(event: Uint8Array): boolean {
    const effects = this.guarded((engine) => decodeEffects(engine.apply(event)));
    if (!effects || effects.duplicate) return false;
    this.recent = [...this.recent.slice(1 - RECENT), event];
    this.saveSoon();
    this.tell(effects);
    return true;
  }

  private tell(effects: Applied): void {
    if (effects.entered.length || effects.left.length || effects.stage) this.host.changed(effects);
  }

  wakeAt(validUntil: number | null): void {
    this.stop();
    const due = Math.min(validUntil ?? Infinity, this.guarded((engine) => engine.due()) ?? Infinity);
    if (due === Infinity) return;
    const wait = Math.min(Math.max(due - Date.now(), SOONEST), FOREVER);
    this.timer = setTimeout(() => this.tick(), wait);
  }

  private stop(): void {
    clearTimeout(this.timer);
  }

  /** What it refuses concerns one event. A trap leaves its memory in an unknown state: that ends it. */
  private guarded<Result>(run: (engine: Engine) => Result): Result | undefined {
    if (!this.engine) return undefined;
    try {
      return run(this.engine);
    } catch (error) {
      const { name, message } = error as Error;
      if (error instanceof WebAssembly.RuntimeError) {
        this.engine = undefined;
        this.end();
        this.host.fail('engine-failed', message);
      } else {
        this.host.fail(name, message || 'the engine refused what it was given');
      }
      return undefined;
    }
  }
}

/** The Program by its hash can be kept for ever; without one it is whichever is live. */
async function fetchProgram(origin: string, pack: string | null): Promise<Uint8Array> {
  const paths = pack ? [`/${pack}`, ''] : [''];
  let status = 0;
  for (const path of paths) {
    const response = await fetch(`${origin}/v1/pack${path}`, { credentials: 'omit' });
    if (response.ok) return new Uint8Array(await response.arrayBuffer());
    status = response.status;
  }
  throw new Error(`the edge has no pack (${status})`);
}
