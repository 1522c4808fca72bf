// Bits in base64url, as the IAB's strings are written.

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** What a string of somebody's consent is not. */
export class BadString extends Error {
  override readonly name = 'bad-consent-string';
}

export class Bits {
  readonly #bits: string;
  #at = 0;

  constructor(text: string) {
    if (!text) throw new BadString('it is empty');
    this.#bits = Array.from(text, (letter) => {
      const number = ALPHABET.indexOf(letter);
      if (number < 0) throw new BadString(`${letter} is no letter of base64url`);
      return number.toString(2).padStart(6, '0');
    }).join('');
  }

  number(width: number): number {
    const bits = this.#bits.slice(this.#at, this.#at + width);
    if (bits.length < width) throw new BadString('it ends too early');
    this.#at += width;
    return parseInt(bits, 2);
  }

  flag(): boolean {
    return this.number(1) === 1;
  }

  numbers(count: number, width: number): number[] {
    return Array.from({ length: count }, () => this.number(width));
  }

  /** Capital letters. */
  letters(count: number): string {
    return String.fromCharCode(...this.numbers(count, 6).map((number) => 65 + number));
  }

  /** Which of so many are set, counted from 1. */
  set(count: number): number[] {
    return this.numbers(count, 1).flatMap((bit, at) => (bit ? [at + 1] : []));
  }

  /** In Fibonacci's code, which ends with two ones. */
  fibonacci(): number {
    let [sum, last, next] = [0, 1, 1];
    for (let before = false; ; ) {
      const bit = this.flag();
      if (bit && before) return sum;
      if (bit) sum += next;
      before = bit;
      [last, next] = [next, last + next];
    }
  }

  get left(): number {
    return this.#bits.length - this.#at;
  }
}
