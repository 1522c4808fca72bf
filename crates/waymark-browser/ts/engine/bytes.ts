// The binary form that pages and the engine share: `waymark_model::codec`.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export class Writer {
  #buffer = new Uint8Array(512);
  #at = 0;

  #room(length: number): void {
    if (this.#at + length <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#at + length));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }

  byte(byte: number): void {
    this.#room(1);
    this.#buffer[this.#at++] = byte;
  }

  /** Below 2^31. */
  unsigned(number: number): void {
    for (; number > 127; number >>>= 7) this.byte(number | 128);
    this.byte(number);
  }

  /** One NaN, no minus zero; little-endian. */
  number(number: number): void {
    this.#room(8);
    const view = new DataView(this.#buffer.buffer, this.#at, 8);
    // A `DataView` may write any NaN.
    if (number !== number) view.setBigUint64(0, 0x7ff8000000000000n, true);
    else view.setFloat64(0, number + 0, true);
    this.#at += 8;
  }

  text(text: string): void {
    const { length } = text;
    // Most texts are short and plain, and the encoder takes longer to call than they take to write.
    if (length < 64) {
      this.#room(length + 1);
      const start = this.#at;
      this.#buffer[this.#at++] = length;
      let unit = 0;
      for (let i = 0; i < length && unit < 128; i++) {
        unit = text.charCodeAt(i);
        this.#buffer[this.#at++] = unit;
      }
      if (unit < 128) return;
      this.#at = start;
    }
    const bytes = encoder.encode(text);
    this.unsigned(bytes.length);
    this.raw(bytes);
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  optionalText(text: string | undefined): void {
    this.byte(text === undefined ? 0 : 1);
    if (text !== undefined) this.text(text);
  }

  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#at);
  }
}

/** Reads what the engine wrote. */
export class Reader {
  #at = 0;

  readonly #buffer: Uint8Array;

  constructor(buffer: Uint8Array) {
    this.#buffer = buffer;
  }

  byte(): number {
    return this.#buffer[this.#at++] ?? 0;
  }

  unsigned(): number {
    let number = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      number += (byte & 127) * scale;
      if (byte < 128) return number;
    }
  }

  number(): number {
    const { buffer, byteOffset } = this.#buffer;
    const number = new DataView(buffer, byteOffset + this.#at, 8).getFloat64(0, true);
    this.#at += 8;
    return number;
  }

  raw(length: number): Uint8Array {
    return this.#buffer.subarray(this.#at, (this.#at += length));
  }

  text(): string {
    return decoder.decode(this.raw(this.unsigned()));
  }

  optionalText(): string | null {
    return this.byte() ? this.text() : null;
  }

  list<Item>(item: () => Item): Item[] {
    return Array.from({ length: this.unsigned() }, item);
  }
}

export const byteLength = (text: string): number => encoder.encode(text).length;

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  // A call takes only so many arguments.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}

/** Throws where there is no base64. */
export const fromBase64 = (text: string): Uint8Array =>
  Uint8Array.from(atob(text), (char) => char.charCodeAt(0));

export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
