// The engine and what it knows of this visitor: events in, decisions out, by itself when time has
// made the last one old.

import { fromBase64, toBase64 } from './bytes';
import { decodeDecision, decodeEffects, type Acted, type Applied } from './decode';
import { encodeContext, type DecisionContext } from './encode';
import { Engine } from './engine';
import { pause } from './pause';
import type { Modules, Parts } from '../sdk';
import type { Decision } from '../types';
import type { Vault } from '../visitor/vault';

const SAVE_AFTER = 1_000;
/** Decisions come no faster: nobody would see it. */
const DECIDE_AFTER = 100;
/** The longest a timer can wait. */
const FOREVER = 2 ** 31 - 1;
const SOONEST = 50;
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
  readonly #vault: Vault;
  readonly #host: Host;
  #program: Uint8Array | undefined;
  #engine: Engine | undefined;
  /** What only Programs of the whole engine need. */
  #whole: Modules['whole'] | undefined;
  /** Events that wait for an engine, or for another state to go on from; none where nothing has to. */
  #waiting: Uint8Array[] | undefined = [];
  /** What is not in the profile yet that all tabs share. */
  #recent: Uint8Array[] = [];
  /** What is on its way there: a page that is left may take that with it. */
  #going: Uint8Array[] = [];
  #timer: number | undefined;
  #saving: number | undefined;
  #deciding = false;
  #decided = -DECIDE_AFTER;
  #ended = false;
  /** Of a preview nothing is kept. */
  #rehearsed = false;
  /** What was kept when the page began. */
  #found: Promise<string | null> | undefined;
  /** What was last read from, or written to, what is kept. */
  #known: string | null = null;

  constructor(vault: Vault, host: Host) {
    this.#vault = vault;
    this.#host = host;
  }

  /** Rejects where WebAssembly or the Program is not to be had. */
  async load(origin: string, pack: string | null, parts: Parts): Promise<void> {
    // All three at once. Most Programs need the lean engine only, so that is made before it is known.
    const reading = (this.#found = this.#kept());
    const guess = parts.engine(false).then(compiled);
    guess.catch(() => undefined);
    const program = await fetchProgram(origin, pack, parts.program);
    const needsWhole = (program[NEEDS_WHOLE]! & 1) === 1;
    const module = needsWhole ? parts.module('whole') : undefined;
    const engine = await Engine.from(await (needsWhole ? parts.engine(true).then(compiled) : guess));
    this.#whole = await module;
    await pause();
    const found = await reading;
    this.#engine = engine;
    this.#program = program;
    // Forgotten meanwhile, it is nobody's.
    this.#resumeKept(this.#found === reading ? found : null);
    await pause();
    this.#vault.onChange(() => void this.rejoin());
    // Another tab may have written meanwhile.
    void this.rejoin();
  }

  /** There will be no engine: nothing needs to wait for it. */
  end(): void {
    this.#ended = true;
    this.#waiting = undefined;
    this.#stop();
  }

  /** Goes on from a state; from nothing where it cannot be read. */
  resume(state: Uint8Array | undefined): void {
    const [engine, program] = [this.#engine, this.#program];
    if (!engine || !program || this.#ended) return;
    try {
      engine.open(program, state ?? NOBODY);
    } catch (error) {
      this.#host.fail('profile-lost', (error as Error).name);
      this.#vault.remove();
      engine.open(program, NOBODY);
    }
  }

  /** Another state takes the place of this one, with all that has happened until now. */
  hold(): void {
    this.#waiting = [];
    this.#recent = [];
  }

  /** Takes in what has waited. */
  catchUp(): void {
    const waited = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const event of waited) this.apply(event);
  }

  apply(event: Uint8Array): void {
    if (this.#ended) return;
    if (this.#waiting) {
      this.#waiting.push(event);
      this.#saveSoon();
    } else if (this.#fold(event)) this.decideSoon();
  }

  /** Another tab has kept a state: goes on from that, with what it may not have known. */
  async rejoin(): Promise<void> {
    const kept = await this.#kept();
    if (kept === this.#known) return;
    this.#join(kept);
    this.decideSoon();
  }

  #join(kept: string | null): void {
    this.#resumeKept(kept);
    for (const event of this.#recent.splice(0)) this.#fold(event);
  }

  /** What is kept of the visitor, as it is now. */
  state(): Uint8Array | undefined {
    return this.#guarded((engine) => engine.snapshot());
  }

  /** Goes on with another Program. Throws where there is no engine. */
  rehearse(program: Uint8Array): void {
    if (!this.#engine) throw new Error('no engine');
    const state = this.state();
    this.#rehearsed = true;
    this.#program = program;
    this.resume(state);
    this.decide();
  }

  /** Knows nobody any longer; and nobody is kept, if somebody was. */
  forget(kept: boolean): void {
    this.#waiting &&= [];
    this.#recent = [];
    clearTimeout(this.#saving);
    this.#saving = undefined;
    this.#known = null;
    this.#found = undefined;
    if (kept) this.#vault.remove();
    this.resume(undefined);
  }

  /** Several causes are one decision, in a task of its own. */
  decideSoon(): void {
    if (this.#deciding || !this.#engine) return;
    this.#deciding = true;
    setTimeout(() => this.#deciding && this.decide(), this.#decided + DECIDE_AFTER - performance.now());
  }

  decide(): Decision | undefined {
    this.#deciding = false;
    this.#decided = performance.now();
    const decision = this.decideAt(Date.now());
    if (decision) {
      this.wakeAt(decision.validUntil);
      this.#host.decided(decision);
    }
    return decision;
  }

  decideAt(now: number): Decision | undefined {
    return this.#guarded((engine) => {
      return decodeDecision(engine.decide(this.#context(engine, now), now));
    });
  }

  #context(engine: Engine, now: number): Uint8Array {
    return encodeContext({ ...this.#host.context(), zone: this.#whole?.zoneAt(now, engine.timezone()) });
  }

  /** Time has passed: windows may have slid, and something may be to be done. */
  tick(): void {
    const now = Date.now();
    const effects = this.#guarded((engine) => decodeEffects(engine.advance(now)));
    if (!effects) return;
    this.#tell(effects);
    const acted = this.#guarded((engine) => this.#whole?.decodeActed(engine.act(this.#context(engine, now), now)));
    for (const action of acted ?? []) {
      this.#saveSoon();
      this.#tell(action.effects);
      this.#host.acted(action, now);
    }
    this.decide();
  }

  /** What is kept is a state, and after it the events of pages that were left before their engine came. */
  save(leaving = false): void {
    clearTimeout(this.#saving);
    this.#saving = undefined;
    if (this.#rehearsed || !this.#host.mayKeep()) return;
    // One tab writes at a time. One that is left, or has no engine, cannot wait for its turn.
    if (leaving || !this.#engine) {
      const news = [...this.#going, ...this.#recent.splice(0), ...(this.#waiting?.splice(0) ?? [])];
      if (news.length) this.#vault.append(news.map(toBase64));
      return;
    }
    this.#vault.change((kept) => {
      if (!this.#host.mayKeep()) return undefined;
      // Another tab has written meanwhile: its events and these become one.
      if (kept !== this.#known) this.#join(kept);
      const state = this.state();
      if (!state) return undefined;
      this.#going = this.#recent.splice(0);
      return (this.#known = toBase64(state));
    }, () => {
      this.#going = [];
    });
  }

  #saveSoon(): void {
    this.#saving ??= setTimeout(() => this.save(), SAVE_AFTER);
  }

  async #kept(): Promise<string | null> {
    const kept = this.#host.mayKeep() ? await this.#vault.get() : null;
    return this.#host.mayKeep() ? kept : null;
  }

  #resumeKept(kept: string | null): void {
    this.#known = kept;
    const [state, ...events] = (kept ?? '').split('\n').map((line) => {
      try {
        return fromBase64(line);
      } catch {
        return NOBODY;
      }
    });
    this.resume(state);
    for (const event of events) this.#fold(event);
  }

  /** Gives whether it was news. */
  #fold(event: Uint8Array): boolean {
    const effects = this.#guarded((engine) => decodeEffects(engine.apply(event)));
    if (!effects || effects.duplicate) return false;
    this.#recent.push(event);
    this.#saveSoon();
    this.#tell(effects);
    return true;
  }

  #tell(effects: Applied): void {
    if (effects.entered.length || effects.left.length || effects.stage) this.#host.changed(effects);
  }

  wakeAt(validUntil: number | null): void {
    this.#stop();
    const due = Math.min(validUntil ?? Infinity, this.#guarded((engine) => engine.due()) ?? Infinity);
    if (due === Infinity) return;
    const wait = Math.min(Math.max(due - Date.now(), SOONEST), FOREVER);
    this.#timer = setTimeout(() => this.tick(), wait);
  }

  #stop(): void {
    clearTimeout(this.#timer);
  }

  /** What it refuses concerns one event. A trap leaves its memory in an unknown state: that ends it. */
  #guarded<Result>(run: (engine: Engine) => Result): Result | undefined {
    if (!this.#engine) return undefined;
    try {
      return run(this.#engine);
    } catch (error) {
      const { name, message } = error as Error;
      if (error instanceof WebAssembly.RuntimeError) {
        this.#engine = undefined;
        this.end();
        this.#host.fail('engine-failed', message);
      } else {
        this.#host.fail(name, message || 'refused by the engine');
      }
      return undefined;
    }
  }
}

const compiled = async (response: Response): Promise<WebAssembly.Module> =>
  WebAssembly.compile(await response.arrayBuffer());

/**
 * The Program by its hash can be kept for ever, as long as engines read it; without one it is whichever is live.
 */
async function fetchProgram(origin: string, pack: string | null, live?: Promise<Response>): Promise<Uint8Array> {
  const ask = (path: string): Promise<Response> => fetch(`${origin}/v1/pack${path}`, { credentials: 'omit' });
  let response = pack ? await ask(`/${pack}?${__FORMAT__}`) : undefined;
  if (!response?.ok) response = await (live ?? ask(''));
  if (!response.ok) throw new Error(`the edge has no pack (${response.status})`);
  return new Uint8Array(await response.arrayBuffer());
}
