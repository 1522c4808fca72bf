// Delivery: an event stays in the queue until the edge has said that it has it, or will never take it.
// It may be sent twice; the edge counts it once.

import { byteLength } from '../engine/bytes';
import { type Line, type Queue, sum } from './queue';
import type { Stats } from '../types';

const BATCH_EVENTS = 100;
/** Of a line, so that lines fill requests well. */
const LINE_EVENTS = 20;
const LINE_LENGTH = 12_000;
const BATCH_BYTES = 60_000;
/** Pages may have 64 KB of these under way at once, beacons counted in. */
const KEEPALIVE_BYTES = 16_000;
const BEACON_BYTES = 60_000 - KEEPALIVE_BYTES;
const FIRST = 1_000;
const EVERY = 5_000;
const BACKOFF = 60_000;

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

export class Outbox {
  readonly #origin: string;
  readonly #writeKey: string;
  readonly queue: Queue;
  readonly #ports: Ports;
  readonly #stats: Stats;
  /** What this page has added and does not know to be delivered. */
  #own: Line[] = [];
  #timer: number | undefined;
  #flying = false;
  #failures = 0;
  #flushed = 0;
  /** Answers to requests of an earlier era are of no interest: it was emptied since. */
  #era = 0;
  readonly #beaconed = new Set<string>();

  /** Whether the device came to the edge's decision. The operator is told once a page. */
  adopted?: 'same' | 'stale' | 'mismatch' | undefined;

  constructor(origin: string, writeKey: string, queue: Queue, ports: Ports, stats: Stats) {
    this.#origin = origin;
    this.#writeKey = writeKey;
    this.queue = queue;
    this.#ports = ports;
    this.#stats = stats;
  }

  add(events: Line[]): void {
    const lines = together(events);
    if (!lines.length) return;
    this.#own.push(...lines);
    this.#drop(this.queue.add(lines));
    this.schedule();
  }

  /** Sends what is waiting when it is due. */
  schedule(least = FIRST): void {
    const due = this.#flushed ? this.#flushed + EVERY - this.#ports.now() : 0;
    this.#flushAfter(Math.max(least, due));
  }

  #flushAfter(ms: number): void {
    this.#timer ??= this.#ports.after(ms, () => {
      this.#timer = undefined;
      void this.flush();
    });
  }

  clear(): void {
    this.#era++;
    this.#own = [];
    this.queue.clear();
    if (this.#timer !== undefined) this.#ports.cancel(this.#timer);
    this.#timer = undefined;
  }

  /** The page may not come back: says what it can, and keeps it all for the next one. */
  leave(): void {
    const batch = head(this.#own.filter(({ id }) => !this.#beaconed.has(id)), BEACON_BYTES);
    if (batch.length && this.#ports.beacon(`${this.#origin}/v1/beacon`, this.#body(batch))) {
      for (const { id } of batch) this.#beaconed.add(id);
    }
  }

  async flush(): Promise<void> {
    if (this.#flying) return;
    this.#flying = true;
    let wait: number | undefined = FIRST;
    try {
      await this.#alone(async () => {
        wait = await this.#round();
      });
    } finally {
      this.#flying = false;
    }
    if (wait) this.schedule(wait);
    else if (wait === 0) this.#flushAfter(0);
  }

  /** Gives how long to wait before the next; `undefined` where nothing is left. */
  async #round(): Promise<number | undefined> {
    const era = this.#era;
    const { lines, old } = await this.queue.first(BATCH_EVENTS);
    this.#drop(old);
    const batch = head(lines, BATCH_BYTES);
    if (!batch.length || era !== this.#era) {
      this.#own = [];
      return undefined;
    }
    const body = this.#body(batch);
    this.#flushed = this.#ports.now();
    let response: Response | undefined;
    try {
      response = await this.#ports.fetch(`${this.#origin}/v1/batch`, post(body));
    } catch {
      // The network; the same as an edge that cannot answer.
    }
    if (era !== this.#era) return undefined;
    if (!response || isPassing(response.status)) return this.#backOff(response);
    this.#failures = 0;
    if (response.ok) await report(response, batch);
    else {
      const reason = await response.text().catch(() => '');
      console.error(
        `waymark: the edge refused ${sum(batch)} events for good (${response.status})`,
        reason,
      );
    }
    const sent = new Set(batch.map(({ id }) => id));
    if (era === this.#era) await this.queue.remove(batch);
    this.#own = this.#own.filter(({ id }) => !sent.has(id));
    // What has piled up goes out without a pause; what comes now has its own time.
    return lines.length > batch.length || lines.length === BATCH_EVENTS ? 0 : undefined;
  }

  /** Full jitter: everybody who failed at once shall not come back at once. */
  #backOff(response: Response | undefined): number {
    this.queue.move();
    const jitter = this.#ports.random() * Math.min(BACKOFF, FIRST * 2 ** this.#failures++);
    return Math.max(jitter, retryAfter(response?.headers.get('retry-after'), this.#ports.now()), 1);
  }

  #drop(count: number): void {
    if (count && !this.#stats.dropped) console.error('waymark: events dropped: full, or a week old');
    this.#stats.dropped += count;
  }

  #body(batch: Line[]): string {
    const head = {
      writeKey: this.#writeKey,
      deviceKey: batch[0]?.key || undefined,
      sentAt: new Date(this.#ports.now()).toISOString(),
      adopted: this.adopted,
    };
    this.adopted = undefined;
    return `${JSON.stringify(head).slice(0, -1)},"batch":[${texts(batch)}]}`;
  }

  /** One tab at a time. */
  async #alone(run: () => Promise<void>): Promise<void> {
    const { locks } = this.#ports;
    if (!locks) return run();
    let begun = false;
    try {
      await locks.request('waymark-flush', { ifAvailable: true }, (lock) => {
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

async function report(response: Response, batch: Line[]): Promise<void> {
  const answer: unknown = await response.json().catch(() => undefined);
  const rejected = (answer as { rejected?: unknown } | undefined)?.rejected;
  if (!Array.isArray(rejected)) return;
  const events = JSON.parse(`[${texts(batch)}]`) as { messageId: string }[];
  for (const { index, code, message } of rejected) {
    console.warn(`waymark: event ${events[index]?.messageId} was rejected: ${message} (${code})`);
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

const texts = (lines: Line[]): string => lines.map(({ text }) => text).join();

/** Events of one moment as few lines. */
function together(events: Line[]): Line[] {
  const lines: Line[] = [];
  for (const event of events) {
    const last = lines.at(-1);
    if (last && last.count < LINE_EVENTS && last.text.length + event.text.length < LINE_LENGTH) {
      last.count++;
      last.text += `,${event.text}`;
    } else lines.push(event);
  }
  return lines;
}

/** The first lines that fit one request. They are all of one device. */
function head(lines: Line[], most: number): Line[] {
  let bytes = 0;
  let events = 0;
  const past = lines.findIndex(({ key, text, count }) => {
    bytes += byteLength(text) + 1;
    events += count;
    return events > count && (events > BATCH_EVENTS || bytes > most || key !== lines[0]!.key);
  });
  return past < 0 ? lines : lines.slice(0, past);
}
