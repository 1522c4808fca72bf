// What this page shows, logged once: variations that were met, and content that limits count.

import type { Decision, Exposure, JsonObject, View } from '../types';

export interface ExposureHost {
  /** Whether the page has a place for the slot. */
  has(slot: string): boolean;
  log(event: string, properties: JsonObject): void;
}

export class Exposures {
  readonly #host: ExposureHost;
  readonly #logged = new Set<string>();
  /** Rules whose content this page has shown, and what counts how often they do. */
  readonly shown = new Set<string>();

  constructor(host: ExposureHost) {
    this.#host = host;
  }

  log({ exposures = [], views = [] }: Pick<Decision, 'exposures' | 'views'>): void {
    for (const { placed, ...exposure } of exposures) {
      const { experiment_id, variation_id, slot } = exposure as Exposure;
      this.#once('Experiment Viewed', [experiment_id, variation_id], exposure, placed && slot);
    }
    for (const { placed, decided, ...view } of views) {
      const { rule_id, content_id, slot } = view as View;
      const name = decided ? 'Content Decided' : 'Content Viewed';
      // It stays for as long as the page: the next one asks for its limit.
      if (this.#once(name, [rule_id, content_id], view, placed && !decided && slot)) {
        this.shown.add(rule_id);
      }
    }
  }

  /** Gives whether it concerns this page: content for a slot does that the page has. */
  #once(name: string, ids: string[], properties: JsonObject, slot: string | false): boolean {
    if (slot !== false && !this.#host.has(slot)) return false;
    const key = JSON.stringify([name, ...ids]);
    if (!this.#logged.has(key)) {
      this.#logged.add(key);
      this.#host.log(name, properties);
    }
    return true;
  }
}
