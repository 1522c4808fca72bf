// The engine's module as a page calls it: bytes in, bytes out, over one buffer (`src/exports.rs`).

import { decoded } from './bytes';

interface Exports {
  memory: WebAssembly.Memory;
  room(length: number): number;
  output(): number;
  program(): number;
  open(): number;
  apply(): number;
  advance(now: number): number;
  /** Of the whole engine, like `timezone`. */
  act?(now: number): number;
  decide(now: number): number;
  snapshot(): number;
  timezone?(): number;
  due(): number;
}

export class Engine {
  static async from(module: WebAssembly.Module): Promise<Engine> {
    const numerals = new Numerals();
    const instance = await WebAssembly.instantiate(module, { page: numerals.imports });
    const exports = instance.exports as unknown as Exports;
    numerals.memory = exports.memory;
    return new Engine(exports);
  }

  readonly #wasm: Exports;
  /** Read once: the engine keeps what it has read for as long as the page lives. */
  #program: Uint8Array | undefined;

  constructor(wasm: Exports) {
    this.#wasm = wasm;
  }

  /**
   * A state of no bytes is a visitor of whom nothing is known. Like everything here it throws an `Error`
   * whose `name` is the code of what was refused; then what was open before stays.
   */
  open(program: Uint8Array, state: Uint8Array): void {
    if (program !== this.#program) {
      this.#input(program);
      this.#output(this.#wasm.program());
      this.#program = program;
    }
    this.#input(state);
    this.#output(this.#wasm.open());
  }

  apply(event: Uint8Array): Uint8Array {
    this.#input(event);
    return this.#output(this.#wasm.apply());
  }

  advance(now: number): Uint8Array {
    return this.#output(this.#wasm.advance(now));
  }

  act(context: Uint8Array, now: number): Uint8Array {
    this.#input(context);
    return this.#output(this.#wasm.act!(now));
  }

  decide(context: Uint8Array, now: number): Uint8Array {
    this.#input(context);
    return this.#output(this.#wasm.decide(now));
  }

  snapshot(): Uint8Array {
    return this.#output(this.#wasm.snapshot());
  }

  /** Empty where the visitor has said none. */
  timezone(): string {
    return decoded(this.#output(this.#wasm.timezone!()));
  }

  /** Until when nothing changes unless something happens. */
  due(): number {
    return this.#wasm.due();
  }

  #input(bytes: Uint8Array): void {
    const at = this.#wasm.room(bytes.length);
    new Uint8Array(this.#wasm.memory.buffer).set(bytes, at);
  }

  #output(length: number): Uint8Array {
    const at = this.#wasm.output();
    const bytes = new Uint8Array(this.#wasm.memory.buffer).slice(at, at + (length < 0 ? ~length : length));
    if (length >= 0) return bytes;
    const refusal = new Error();
    refusal.name = decoded(bytes);
    throw refusal;
  }
}

/** Numbers as text, which every page has and no module should bring. */
export class Numerals {
  memory: WebAssembly.Memory | undefined;

  readonly imports = {
    parse: (at: number, length: number): number => Number(decoded(this.#bytes(at, length))),
    print: (number: number, at: number): number => {
      const letters = String(number);
      const there = this.#bytes(at, letters.length);
      for (let i = 0; i < letters.length; i++) there[i] = letters.charCodeAt(i);
      return letters.length;
    },
  };

  #bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.memory!.buffer, at, length);
  }
}
