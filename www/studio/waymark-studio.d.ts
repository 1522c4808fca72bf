// The JavaScript around the wasm module, as `cargo xtask` generates it from waymark-studio's `js.rs`.

declare module 'waymark-studio' {
  export default function init(options: { module_or_path: URL }): Promise<unknown>;
  /** Gives a `Checked` as JSON. */
  export function check(source: string, now: number): string;
  /** Gives a `Ran` as JSON. */
  export function run(source: string, events: string, decide: string): string;
}
