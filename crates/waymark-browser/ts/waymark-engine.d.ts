// The JavaScript around the wasm module, as `cargo xtask` generates it from `src/js.rs`.

declare module 'waymark-engine' {
  export default function init(options: { module_or_path: string | Promise<Response> }): Promise<unknown>;

  /** Throws an `Error` whose `name` is the code of what it refuses. */
  export class Engine {
    /** A state of no bytes is a visitor of whom nothing is known. */
    constructor(program: Uint8Array, state: Uint8Array);
    apply(event: Uint8Array): Uint8Array;
    advance(now: number): Uint8Array;
    due(): number;
    act(context: Uint8Array, now: number): Uint8Array;
    decide(context: Uint8Array, now: number): Uint8Array;
    timezone(): string | undefined;
    snapshot(): Uint8Array;
    free(): void;
  }
}
