// Tells the edge what the visitor answered: it sets, or takes back, its cookie.

import { refused } from './consent';
import { isPassing, type Ports, post } from '../delivery/outbox';
import type { Answer } from './storage';

const ATTEMPTS = 6;

export class Messenger {
  #telling: Answer | undefined;

  readonly #origin: string;
  readonly #writeKey: string;
  readonly #ports: Pick<Ports, 'fetch' | 'after' | 'random'>;

  constructor(
    origin: string,
    writeKey: string,
    ports: Pick<Ports, 'fetch' | 'after' | 'random'>,
  ) {
    this.#origin = origin;
    this.#writeKey = writeKey;
    this.#ports = ports;
  }

  /** Whether the edge has heard, or never will; otherwise the next page tries again. */
  async tell(answer: Answer): Promise<boolean> {
    if (this.#telling === answer) return false;
    this.#telling = answer;
    const { device, consent } = answer;
    const body = JSON.stringify({
      writeKey: this.#writeKey,
      deviceKey: device.key,
      anonymousId: device.id,
      consent: { categoryPreferences: consent },
      // Who allows nothing any longer wants nothing kept either.
      erase: refused(consent) || undefined,
    });
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt) await this.#pause(attempt);
      try {
        const response = await this.#ports.fetch(`${this.#origin}/v1/consent`, post(body));
        if (response.ok) return true;
        if (!isPassing(response.status)) {
          console.error(`waymark: the edge refused the consent (${response.status})`);
          return true;
        }
      } catch {
        // The network.
      }
    }
    this.#telling = undefined;
    return false;
  }

  #pause(attempt: number): Promise<void> {
    const wait = this.#ports.random() * Math.min(60_000, 1_000 * 2 ** attempt);
    return new Promise((resolve) => this.#ports.after(wait, resolve));
  }
}
