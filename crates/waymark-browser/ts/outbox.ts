// Delivery: an event stays here until the edge has said that it has it, or will never take it.
//
// The list is shared by the tabs of a site, as lines of `messageId time deviceKey json`: text that
// is spliced into a body as it stands. An event may be sent twice; the edge counts it once.

import { byteLength } from './bytes';
import { OUTBOX, type Store } from './storage';
import type { Stats } from './types';

const MOST_EVENTS = 500;
const MOST_LENGTH = 400_000;
const BATCH_EVENTS = 100;
const BATCH_BYTES = 60_000;
/** Pages may have 64 KB of these under way at once, beacons counted in. */
const KEEPALIVE_BYTES = 16_000;
const FIRST = 1_000;
const EVERY = 5_000;
const BACKOFF = 60_000;
/** The edge takes nothing older from a page. */
const OLDEST = 7 * 86_400_000;

export interface Ports {
  fetch(url: string, init: RequestInit): Promise<Response>;
  beacon(url: string, body: string): boolean;
  locks: LockManager | undefined;
  now(): number;
  /** 0 to 1. */
  random(): number;
  after(ms: number, run: () => void): number;
  cancel(timer: number): void;
}

interface Line {
  id: string;
  at: number;
  /** The device's key; empty where there is none. */
  key: string;
  text: string;
}

export class Outbox {
  private fresh: string[] = [];
  private timer: number | undefined;
  private saving: number | undefined;
  private flying = false;
  private failures = 0;
  private flushed = 0;
  /** Answers to requests of an earlier era are of no interest: it was emptied since. */
  private era = 0;
  private readonly beaconed = new Set<string>();

  constructor(
    private readonly origin: string,
    private readonly writeKey: string,
    private readonly store: Store,
    private readonly ports: Ports,
    private readonly stats: Stats,
  ) {}

  add(id: string, at: number, key: string | undefined, json: string): void {
    this.fresh.push(`${id} ${at} ${key ?? ''} ${json}`);
    this.saving ??= this.ports.after(0, () => {
      this.saving = undefined;
      void this.locked('waymark-outbox', {}, () => this.save());
    });
    this.schedule();
  }

  /** Sends what is waiting, now or when it is due. */
  schedule(least = FIRST): void {
    const due = this.flushed ? this.flushed + EVERY - this.ports.now() : 0;
    this.timer ??= this.ports.after(Math.max(least, due), () => {
      this.timer = undefined;
      void this.flush();
    });
  }

  waiting(): boolean {
    return this.fresh.length > 0 || !!this.store.get(OUTBOX);
  }

  clear(): void {
    this.era++;
    this.fresh = [];
    this.store.remove(OUTBOX);
    for (const timer of [this.timer, this.saving]) {
      if (timer !== undefined) this.ports.cancel(timer);
    }
    this.timer = this.saving = undefined;
  }

  /** The page may not come back: says what it can, and keeps it all for the next one. */
  leave(): void {
    this.save();
    const lines = this.lines().filter(({ id }) => !this.beaconed.has(id));
    const batch = head(lines);
    if (batch.length && this.ports.beacon(`${this.origin}/v1/beacon`, this.body(batch))) {
      for (const { id } of batch) this.beaconed.add(id);
    }
  }

  async flush(): Promise<void> {
    if (this.flying) return;
    this.flying = true;
    let wait = 0;
    try {
      await this.locked('waymark-flush', { ifAvailable: true }, async () => {
        await this.locked('waymark-outbox', {}, () => this.save());
        const batch = head(this.lines());
        if (batch.length) wait = await this.send(batch);
      });
    } finally {
      this.flying = false;
    }
    if (this.waiting()) this.schedule(wait || FIRST);
  }

  /** Gives how long to wait before the next attempt; 0 for as usual. */
  private async send(batch: Line[]): Promise<number> {
    const { era } = this;
    const body = this.body(batch);
    this.flushed = this.ports.now();
    let response: Response | undefined;
    try {
      response = await this.ports.fetch(`${this.origin}/v1/batch`, post(body));
    } catch {
      // The network; the same as an edge that cannot answer.
    }
    if (era !== this.era) return 0;
    if (!response || isPassing(response.status)) return this.backOff(response);
    this.failures = 0;
    if (response.ok) await this.report(response, batch);
    else {
      const reason = await response.text().catch(() => '');
      console.error(
        `waymark: the edge refused ${batch.length} events for good (${response.status})`,
        reason,
      );
    }
    if (era === this.era) {
      const done = new Set(batch.map(({ id }) => id));
      await this.locked('waymark-outbox', {}, () =>
        era === this.era ? this.keep(this.lines().filter(({ id }) => !done.has(id))) : undefined,
      );
    }
    return 0;
  }

  /** Full jitter: everybody who failed at once shall not come back at once. */
  private backOff(response: Response | undefined): number {
    const jitter = this.ports.random() * Math.min(BACKOFF, FIRST * 2 ** this.failures++);
    return Math.max(jitter, retryAfter(response?.headers.get('retry-after'), this.ports.now()), 1);
  }

  private async report(response: Response, batch: Line[]): Promise<void> {
    const answer: unknown = await response.json().catch(() => undefined);
    const rejected = (answer as { rejected?: unknown } | undefined)?.rejected;
    if (!Array.isArray(rejected)) return;
    for (const { index, code, message } of rejected) {
      console.warn(`waymark: event ${batch[index]?.id} was rejected: ${message} (${code})`);
    }
  }

  private body(batch: Line[]): string {
    const head = {
      writeKey: this.writeKey,
      deviceKey: batch[0]?.key || undefined,
      sentAt: new Date(this.ports.now()).toISOString(),
    };
    const events = batch.map(({ text }) => text).join(',');
    return `${JSON.stringify(head).slice(0, -1)},"batch":[${events}]}`;
  }

  private lines(): Line[] {
    const oldest = this.ports.now() - OLDEST;
    return (this.store.get(OUTBOX) ?? '')
      .split('\n')
      .map(parse)
      .filter(({ id, at, text }) => id && text && at > oldest);
  }

  /** Adds what is fresh to what is stored. When there is no room it is the newest that goes. */
  private save(): void {
    if (!this.fresh.length) return;
    const all = this.lines();
    let length = all.reduce((sum, line) => sum + line.text.length, 0);
    for (const line of this.fresh.map(parse)) {
      if (all.length < MOST_EVENTS && length + line.text.length <= MOST_LENGTH) {
        all.push(line);
        length += line.text.length;
      } else if (this.stats.dropped++ === 0) {
        console.error('waymark: there is no room for more events (outbox-full)');
      }
    }
    this.fresh = [];
    this.keep(all);
  }

  private keep(lines: Line[]): void {
    if (!lines.length) return this.store.remove(OUTBOX);
    const text = lines.map(({ id, at, key, text }) => `${id} ${at} ${key} ${text}`).join('\n');
    this.store.set(OUTBOX, text);
  }

  private async locked(
    name: string,
    options: LockOptions,
    run: () => void | Promise<void>,
  ): Promise<void> {
    const { locks } = this.ports;
    if (!locks) return run();
    let begun = false;
    try {
      await locks.request(name, options, (lock) => {
        begun = true;
        // Another tab is at it.
        return lock ? run() : undefined;
      });
    } catch (error) {
      // Some contexts have locks and refuse them.
      if (begun) throw error;
      await run();
    }
  }
}

/** A request that needs no preflight. */
export function post(body: string): RequestInit {
  return {
    method: 'POST',
    body,
    headers: { 'content-type': 'text/plain' },
    credentials: 'include',
    keepalive: byteLength(body) <= KEEPALIVE_BYTES,
  };
}

export const isPassing = (status: number): boolean =>
  status >= 500 || status === 408 || status === 425 || status === 429;

/** Seconds or a date, as milliseconds from now. */
function retryAfter(header: string | null | undefined, now: number): number {
  if (!header) return 0;
  const seconds = Number(header);
  const wait = Number.isNaN(seconds) ? Date.parse(header) - now : seconds * 1_000;
  return wait > 0 ? Math.min(wait, 3_600_000) : 0;
}

function parse(line: string): Line {
  const [id = '', at = '', key = ''] = line.split(' ', 3);
  const text = line.slice(id.length + at.length + key.length + 3);
  return { id, at: Number(at), key, text };
}

/** The first events that fit one request. They are all of one device. */
function head(lines: Line[]): Line[] {
  let bytes = 0;
  let count = 0;
  for (const { key, text } of lines) {
    bytes += byteLength(text) + 1;
    if (count === BATCH_EVENTS || (count && bytes > BATCH_BYTES) || key !== lines[0]!.key) break;
    count++;
  }
  return lines.slice(0, count);
}
