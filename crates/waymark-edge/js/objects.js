// Durable Objects around the module's.

import { DurableObject } from "cloudflare:workers";
import * as wasm from "waymark-edge";
import { log } from "./answers.js";
import { generation, guarded, revive } from "./module.js";

const OBJECT_DEADLINE = 10_000;
const ALARM_DEADLINE = 30_000;
const ALARM_AGAIN = 10_000;

// A Durable Object outlives the module's instance: after a trap its wasm side is made anew, from
// storage.
function durable(name) {
  return class extends DurableObject {
    #inner;
    #generation = -1;
    /** Messages that wait to be taken in. */
    #arrived = [];

    /** A question, and the answer to it. */
    async ask(message) {
      try {
        return await this.#told(message);
      } catch (error) {
        log(name, error);
        throw new Error("it failed, and its log says why");
      }
    }

    /**
     * The same, for what is written: messages that have arrived by the end of this turn are taken in together, so that
     * the disk is waited for once. Each is a transaction of its own, and none is answered before the disk has it.
     */
    receive(message) {
      return new Promise((done, fail) => {
        if (this.#arrived.push({ message, done, fail }) === 1) setTimeout(() => this.#takeIn(), 0);
      });
    }

    #takeIn() {
      for (const { message, done, fail } of this.#arrived.splice(0)) this.ask(message).then(done, fail);
    }

    // Most is answered at once, and needs neither a promise of the module's nor a deadline.
    #told(message) {
      revive();
      const live = this.#live();
      const told = live.answered(message);
      if (told === undefined) return guarded(() => this.#live().ask(message), OBJECT_DEADLINE);
      return live.wakes?.() ? guarded(() => live.wake().then(() => told), OBJECT_DEADLINE) : told;
    }

    /** Asked by a worker of the release before this one. */
    async fetch(request) {
      try {
        return new Response(await this.ask(new Uint8Array(await request.arrayBuffer())));
      } catch (error) {
        return new Response(String(error), { status: 500 });
      }
    }

    /** Never fails, for the platform gives up after a few times: it comes back instead. */
    async alarm() {
      try {
        await guarded(() => this.#live().alarm(), ALARM_DEADLINE);
      } catch (error) {
        log(name, error);
        await this.ctx.storage.setAlarm(Date.now() + ALARM_AGAIN);
      }
    }

    #live() {
      if (this.#generation !== generation) {
        this.#inner = new wasm[name](this.ctx, this.env);
        this.#generation = generation;
      }
      return this.#inner;
    }
  };
}

export const Shard = durable("Shard");
export const Registry = durable("Registry");
