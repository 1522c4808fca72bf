// The binary form that pages and the engine share: `waymark_model::codec`.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What is being written: one thing at a time, since nobody who writes waits for anything. */
let buffer = new Uint8Array(2048);
let end = 0;

/** The bytes that `write` puts. */
export function written(write: () => void): Uint8Array {
  end = 0;
  write();
  return buffer.slice(0, end);
}

function room(length: number): void {
  if (end + length <= buffer.length) return;
  const larger = new Uint8Array((end + length) * 2);
  larger.set(buffer);
  buffer = larger;
}

export function putByte(byte: number): void {
  room(1);
  buffer[end++] = byte;
}

/** Below 2^31. */
export function putUnsigned(number: number): void {
  for (; number > 127; number >>>= 7) putByte(number | 128);
  putByte(number);
}

/** One NaN, no minus zero; little-endian. */
export function putNumber(number: number): void {
  room(8);
  const view = new DataView(buffer.buffer, end, 8);
  // A `DataView` may write any NaN.
  if (number !== number) view.setBigUint64(0, 0x7ff8000000000000n, true);
  else view.setFloat64(0, number + 0, true);
  end += 8;
}

export function putText(text: string): void {
  const { length } = text;
  // Most texts are short and plain, and the encoder takes longer to call than they take to write.
  if (length < 64) {
    room(length + 1);
    const start = end;
    buffer[end++] = length;
    let unit = 0;
    for (let i = 0; i < length && unit < 128; i++) {
      unit = text.charCodeAt(i);
      buffer[end++] = unit;
    }
    if (unit < 128) return;
    end = start;
  }
  const bytes = encoded(text);
  putUnsigned(bytes.length);
  putRaw(bytes);
}

export function putRaw(bytes: Uint8Array): void {
  room(bytes.length);
  buffer.set(bytes, end);
  end += bytes.length;
}

export function putOptional(text: string | undefined): void {
  putByte(text === undefined ? 0 : 1);
  if (text !== undefined) putText(text);
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
    return decoded(this.raw(this.unsigned()));
  }

  optionalText(): string | null {
    return this.byte() ? this.text() : null;
  }

  list<Item>(item: () => Item): Item[] {
    const items: Item[] = [];
    for (let more = this.unsigned(); more; more--) items.push(item());
    return items;
  }
}

export const encoded = (text: string): Uint8Array => encoder.encode(text);
export const decoded = (bytes: Uint8Array): string => decoder.decode(bytes);

/** Of most texts it is their length, which is seen sooner than they are encoded. */
export const byteLength = (text: string): number =>
  /[^\0-\x7f]/.test(text) ? encoded(text).length : text.length;

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
