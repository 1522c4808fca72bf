// Tells the edge what the visitor answered: it sets, or takes back, its cookie.

import { isPassing, type Ports, post } from './outbox';
import type { Answer } from './storage';

const ATTEMPTS = 6;

export class Messenger {
  private telling: Answer | undefined;

  constructor(
    private readonly origin: string,
    private readonly writeKey: string,
    private readonly ports: Pick<Ports, 'fetch' | 'after' | 'random'>,
  ) {}

  /** Whether the edge has heard, or never will; otherwise the next page tries again. */
  async tell(answer: Answer): Promise<boolean> {
    if (this.telling === answer) return false;
    this.telling = answer;
    const { device, consent } = answer;
    const body = JSON.stringify({
      writeKey: this.writeKey,
      deviceKey: device.key,
      anonymousId: device.id,
      consent: { categoryPreferences: consent },
    });
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt) await this.pause(attempt);
      try {
        const response = await this.ports.fetch(`${this.origin}/v1/consent`, post(body));
        if (response.ok) return true;
        if (!isPassing(response.status)) {
          console.error(`waymark: the edge refused the consent (${response.status})`);
          return true;
        }
      } catch {
        // The network.
      }
    }
    this.telling = undefined;
    return false;
  }

  private pause(attempt: number): Promise<void> {
    const wait = this.ports.random() * Math.min(60_000, 1_000 * 2 ** attempt);
    return new Promise((resolve) => this.ports.after(wait, resolve));
  }
}
