// Where events wait: in IndexedDB, and where that is not to be had, or not yet, in local storage; and
// where there is none either, in memory.

import type { Database } from '../visitor/database';
import { OUTBOX, type Store } from '../visitor/storage';

const MOST_EVENTS = 5_000;
/** Characters in local storage, which the whole site has 5 MB of. */
const MOST_LENGTH = 400_000;
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
  /** How many events there were when somebody last looked, and came since. */
  #count = 0;
  /** Of which the database has not said yet that it has them. */
  readonly #unsure = new Set<Line>();

  constructor(store: Store, database: Database, now: () => number) {
    this.#store = store;
    this.#database = database;
    this.#now = now;
  }

  /** Gives how many found no room: when there is none, it is the newest that goes. */
  add(lines: Line[]): number {
    this.#database.open();
    const room = lines.filter(({ count }) => this.#count + count <= MOST_EVENTS && (this.#count += count));
    const dropped = sum(lines) - sum(room);
    const put = (events: IDBObjectStore): void => {
      for (const line of room) {
        events.put(line);
        this.#unsure.add(line);
      }
    };
    const written = this.#database.write('events', put, (done) => {
      // Those of a queue that was cleared meanwhile are wanted no longer.
      const still = room.filter((line) => this.#unsure.delete(line));
      if (!done) this.keep(still);
    });
    if (written) return dropped;
    for (const line of room) this.#unsure.delete(line);
    return dropped + this.keep(room);
  }

  /** Puts where it is done at once what may not be safe yet, or these. Gives how many found no room. */
  keep(lines: Line[] = [...this.#unsure]): number {
    if (!lines.length) return 0;
    const all = this.#kept();
    let length = all.reduce((sum, { text }) => sum + text.length, 0);
    const fit = lines.filter(({ text }) => (length += text.length) <= MOST_LENGTH);
    this.#set([...all, ...fit]);
    return sum(lines) - sum(fit);
  }

  /** The first of them, and how many there were that are too old. */
  async first(most: number): Promise<{ lines: Line[]; old: number }> {
    const kept = this.#kept();
    const stored = (await this.#database.read('events', (events) => events.getAll(null, most))) as Line[] ?? [];
    const keys = stored.length === most && (await this.#database.read('events', (events) => events.getAllKeys()));
    const known = new Set<string>();
    const all = [...kept, ...stored].filter(({ id }) => !known.has(id) && known.add(id));
    const counts = keys ? (keys as [number, string, number][]).map(([, , count]) => ({ count })) : stored;
    this.#count = sum(kept) + sum(counts);
    const oldest = this.#now() - OLDEST;
    const old = all.filter(({ at }) => at <= oldest);
    if (old.length) await this.remove(old);
    return { lines: all.filter(({ at }) => at > oldest).slice(0, most), old: sum(old) };
  }

  async remove(lines: Line[]): Promise<void> {
    const ids = new Set(lines.map(({ id }) => id));
    this.#set(this.#kept().filter(({ id }) => !ids.has(id)));
    this.#count = Math.max(0, this.#count - sum(lines));
    await new Promise((settled) => {
      const gone = (events: IDBObjectStore): void => lines.forEach(({ at, id, count }) => events.delete([at, id, count]));
      if (!this.#database.write('events', gone, settled)) settled(false);
    });
  }

  /** Leaves nothing on the device. */
  clear(): void {
    this.#count = 0;
    this.#unsure.clear();
    this.#store.remove(OUTBOX);
    this.#database.remove();
  }

  #kept(): Line[] {
    return (this.#store.get(OUTBOX) ?? '').split('\n').flatMap((line) => {
      const [id, at, count, key] = line.split(' ', 4) as [string, string?, string?, string?];
      if (!key && key !== '') return [];
      const text = line.slice([id, at, count, key, ''].join(' ').length);
      return text ? [{ id, at: +at!, count: +count!, key, text }] : [];
    });
  }

  #set(lines: Line[]): void {
    if (!lines.length) return this.#store.remove(OUTBOX);
    const text = lines.map(({ id, at, count, key, text }) => [id, at, count, key, text].join(' ')).join('\n');
    this.#store.set(OUTBOX, text);
  }
}
