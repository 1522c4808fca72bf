// Where events wait: in local storage, which costs a page the least, and in IndexedDB when they wait for long or
// find no room; where there is neither, in memory.

import type { Database } from '../visitor/database';
import { OUTBOX, type Store } from '../visitor/storage';

const MOST_EVENTS = 5_000;
/** Characters in local storage, which the whole site has 5 MB of; with fewer they go to the database. */
const MOST_LENGTH = 400_000;
const MOVED_LENGTH = 100_000;
/** The edge takes nothing older from a page. */
const OLDEST = 7 * 86_400_000;

/** Events that were made together: each write costs a page more than they do. */
export interface Line {
  /** With `id` what they are sorted by, and known by: those of the first. */
  at: number;
  id: string;
  /** How many events. */
  count: number;
  /** The device's key; empty where there is none. */
  key: string;
  /** The events as JSON, with commas between them. */
  text: string;
}

export const sum = (lines: Pick<Line, 'count'>[]): number => lines.reduce((all, { count }) => all + count, 0);

export class Queue {
  readonly #store: Store;
  readonly #database: Database;
  readonly #now: () => number;
  /** How many events there were when somebody last looked, and came since; and the characters in local storage. */
  #count = 0;
  #length = 0;
  /** Whether the database had none when it was last asked; whoever puts some there says so under `OUTBOX`. */
  #empty = false;
  /** What was in the database then. */
  #stored = new Set<string>();

  constructor(store: Store, database: Database, now: () => number) {
    this.#store = store;
    this.#database = database;
    this.#now = now;
  }

  /** Done at once, since a tab may be killed. Gives how many found no room: when there is none, it is the newest that goes. */
  add(lines: Line[]): number {
    this.#database.open();
    let dropped = 0;
    let moving = false;
    for (const line of lines) {
      const { count, text } = line;
      if (this.#count + count > MOST_EVENTS || this.#length + text.length > MOST_LENGTH) {
        dropped += count;
        continue;
      }
      this.#count += count;
      this.#length += text.length;
      if (!this.#store.set(place(line), text) || this.#length > MOVED_LENGTH) moving = true;
    }
    if (moving) this.move();
    return dropped;
  }

  /** Into the database, which has room, and is on the disk sooner. */
  move(): void {
    const lines = this.#kept();
    const put = (events: IDBObjectStore): void => lines.forEach((line) => events.put(line));
    this.#database.write('events', put, (done) => {
      if (!done) return;
      this.#forget(lines);
      // Not before: who is asking just now may not see them yet.
      this.#empty = false;
      this.#store.set(OUTBOX, '1');
    });
  }

  /** The first of them, and how many there were that are too old. */
  async first(most: number): Promise<{ lines: Line[]; old: number }> {
    const kept = this.#kept();
    const looks = !this.#empty || this.#store.get(OUTBOX);
    const stored = (looks && (await this.#database.read('events', (events) => events.getAll(null, most))) || []) as Line[];
    this.#empty = !stored.length;
    if (looks && this.#empty) this.#store.remove(OUTBOX);
    const keys = stored.length === most && (await this.#database.read('events', (events) => events.getAllKeys()));
    const known = keys ? (keys as [number, string, number][]).map(([, id, count]) => ({ id, count })) : stored;
    this.#stored = new Set(known.map(({ id }) => id));
    const here = kept.filter(({ id }) => !this.#stored.has(id));
    const all = [...here, ...stored];
    this.#count = sum(here) + sum(known);
    this.#length = kept.reduce((length, { text }) => length + text.length, 0);
    const oldest = this.#now() - OLDEST;
    const old = all.filter(({ at }) => at <= oldest);
    if (old.length) await this.remove(old);
    return { lines: all.filter(({ at }) => at > oldest).slice(0, most), old: sum(old) };
  }

  async remove(lines: Line[]): Promise<void> {
    this.#forget(lines);
    this.#count = Math.max(0, this.#count - sum(lines));
    const stored = lines.filter(({ id }) => this.#stored.has(id));
    if (!stored.length) return;
    await new Promise((settled) => {
      const gone = (events: IDBObjectStore): void => stored.forEach(({ at, id, count }) => events.delete([at, id, count]));
      if (!this.#database.write('events', gone, settled)) settled(false);
    });
  }

  /** Leaves nothing on the device. */
  clear(): void {
    for (const key of this.#store.keys(OUTBOX)) this.#store.remove(key);
    this.#count = this.#length = 0;
    this.#database.remove();
  }

  #forget(lines: Line[]): void {
    for (const line of lines) {
      this.#store.remove(place(line));
      if (!this.#stored.has(line.id)) this.#length -= line.text.length;
    }
  }

  #kept(): Line[] {
    return this.#store.keys(`${OUTBOX} `).sort().flatMap((place) => {
      const [, at, id, count, key] = place.split(' ') as [string, string, string, string, string];
      const text = this.#store.get(place);
      return text?.startsWith('{') ? [{ at: +at, id, count: +count, key, text }] : [];
    });
  }
}

/** A key of its own for each line, so that tabs never write over each other's. */
const place = ({ at, id, count, key }: Line): string => [OUTBOX, at, id, count, key].join(' ');
