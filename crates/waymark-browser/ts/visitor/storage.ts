// What the device keeps. Where storage is refused or full, memory stands in for it.

import { read } from './consent';
import type { JsonObject, Purposes } from '../types';

export const RECORD = 'waymark';
export const STATE = 'waymark.state';
export const OUTBOX = 'waymark.outbox';

export interface Device {
  /** Known to this device and the edge only: proves that it is the one with the anonymous id. */
  key?: string | undefined;
  /** The anonymous id. */
  id: string;
}

/** What the visitor answered for a device. */
export interface Answer {
  device: Device;
  consent: Purposes;
}

/** What a page has said of the visitor. */
export interface Who {
  userId?: string | undefined;
  traits?: JsonObject | undefined;
  groupId?: string | undefined;
}

/** Under `waymark`. After a refusal only `consent`, and `untold` until the edge knows of it. */
export interface Record extends Who {
  consent?: Purposes | undefined;
  /** Answers that the edge has not heard yet. */
  untold?: Answer[] | undefined;
  /** When the edge was last to be told of this device. */
  told?: number | undefined;
  device?: Device | undefined;
  /** See `zoneName`. */
  zone?: string | undefined;
}

export class Store {
  readonly #memory = new Map<string, string>();

  readonly #backing: Storage | undefined;

  constructor(backing: Storage | undefined) {
    this.#backing = backing;
  }

  /** What lasts longer than the page, unless the page does not want it. */
  static ofPage(lasting: boolean): Store {
    try {
      return new Store(lasting ? window.localStorage : undefined);
    } catch {
      return new Store(undefined);
    }
  }

  get(key: string): string | null {
    try {
      return this.#memory.get(key) ?? this.#backing?.getItem(key) ?? null;
    } catch {
      return null;
    }
  }

  /** Gives whether it lasts longer than the page. */
  set(key: string, value: string): boolean {
    try {
      this.#backing!.setItem(key, value);
      this.#memory.delete(key);
      return true;
    } catch {
      this.#memory.set(key, value);
      return false;
    }
  }

  /** Those that begin so. */
  keys(start: string): string[] {
    const all = [...this.#memory.keys()];
    try {
      all.push(...Object.keys(this.#backing ?? {}));
    } catch {
      // As where there is none.
    }
    return all.filter((key) => key.startsWith(start));
  }

  remove(key: string): void {
    this.#memory.delete(key);
    try {
      this.#backing?.removeItem(key);
    } catch {
      // What cannot be reached cannot be read again either.
    }
  }

  record(): Record {
    try {
      const record = JSON.parse(this.get(RECORD) ?? '{}') as Record;
      const { consent, device, untold } = record;
      return {
        ...record,
        consent: read(consent),
        device: typeof device?.id === 'string' ? device : undefined,
        untold: Array.isArray(untold) ? untold : undefined,
      };
    } catch {
      return {};
    }
  }

  keep(record: Record): void {
    this.set(RECORD, JSON.stringify(record));
  }
}
