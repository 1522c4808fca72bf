// What tabs have to agree on: local storage reaches another tab's process some time later, IndexedDB
// is the same for all.

const NAME = 'waymark';

/** Events that wait to be delivered, and the visitor's profile. */
export type Shelf = 'events' | 'state';

export class Database {
  readonly #factory: IDBFactory | undefined;
  #opening: Promise<IDBDatabase | undefined> | undefined;
  #open: IDBDatabase | undefined;

  constructor(factory: IDBFactory | undefined) {
    this.#factory = factory;
  }

  open(): void {
    void this.#opened();
  }

  /**
   * Writes now, and not when this task is over, unless there is more to write: a tab may be killed. Gives whether it
   * was begun.
   */
  write(shelf: Shelf, write: (store: IDBObjectStore) => boolean | void, settled: (done: boolean) => void = () => undefined): boolean {
    try {
      const transaction = this.#open!.transaction(shelf, 'readwrite');
      const more = write(transaction.objectStore(shelf));
      transaction.oncomplete = () => settled(true);
      transaction.onabort = () => settled(false);
      if (!more) transaction.commit?.();
      return true;
    } catch {
      return false;
    }
  }

  /** `undefined` where there is no database. */
  async read<Result>(shelf: Shelf, read: (store: IDBObjectStore) => IDBRequest<Result>): Promise<Result | undefined> {
    try {
      const database = await this.#opened();
      return await result(read(database!.transaction(shelf).objectStore(shelf)));
    } catch {
      return undefined;
    }
  }

  remove(): void {
    this.#open?.close();
    this.#open = this.#opening = undefined;
    try {
      this.#factory?.deleteDatabase(NAME);
    } catch {
      // As where there is none.
    }
  }

  #opened(): Promise<IDBDatabase | undefined> {
    return (this.#opening ??= this.#begin());
  }

  async #begin(): Promise<IDBDatabase | undefined> {
    try {
      const request = this.#factory!.open(NAME, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore('events' satisfies Shelf, { keyPath: ['at', 'id', 'count'] });
        request.result.createObjectStore('state' satisfies Shelf);
      };
      const database = await result(request);
      // Another tab wants it gone.
      database.onversionchange = database.onclose = () => {
        database.close();
        if (this.#open === database) this.#open = this.#opening = undefined;
      };
      return (this.#open = database);
    } catch {
      return undefined;
    }
  }
}

const result = <Result>(request: IDBRequest<Result>): Promise<Result> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
