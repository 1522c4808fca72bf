// The wasm module from outside: a trapped instance must not be called again, and what it promised stays pending for ever.
// It tells here that it is gone, whatever it was doing, and the next call makes a new one.

import * as wasm from "waymark-edge";
import { log } from "./answers.js";

const TELL_EVERY = 10_000;
const TELL_DEADLINE = 15_000;

// The runtime's own makes a function of the module's anew each time that it is called.
const settled = Promise.resolve();
globalThis.queueMicrotask = (task) => void settled.then(task);

/** Which instance it is. */
export let generation = 0;
let gone = false;
const waiting = new Set();
globalThis.__waymark_gone = () => {
  gone = true;
  for (const fail of waiting) fail(new Error("the module trapped"));
  waiting.clear();
};
wasm.watch();

/** Before a call and never within one: nothing of the old instance may reach the new one. */
export function revive() {
  if (!gone) return;
  wasm.__wbg_reset_state();
  wasm.watch();
  generation += 1;
  gone = false;
  count("failures", "trap");
}

export class Late extends Error {}

/**
 * Settles as `call` does, or fails when the module traps or the time is up. Of a trap somebody else's request tells: the
 * timer is ended by its own, since a request without one has nothing to wait for, and the runtime would give it up.
 */
export async function guarded(call, deadline) {
  let timer;
  let failed;
  try {
    return await new Promise((done, fail) => {
      failed = fail;
      waiting.add(failed);
      timer = setTimeout(() => fail(new Late(`no answer within ${deadline} ms`)), deadline);
      revive();
      call().then(done, fail);
    });
  } finally {
    clearTimeout(timer);
    waiting.delete(failed);
  }
}

// Figures -----------------------------------------------------------------------------------------

let told = 0;

/** What becomes of pages is counted. That it cannot be is no reason to fail one. */
export function count(family, value) {
  try {
    if (!gone) wasm.count(family, value);
  } catch (error) {
    log("figures", error);
  }
}

/** An isolate may go at any time: what it has counted, it tells while it is there. */
export function tellSometimes(env, context) {
  if (Date.now() - told < TELL_EVERY) return;
  told = Date.now();
  context.waitUntil(guarded(() => wasm.tell(env), TELL_DEADLINE).catch((error) => log("figures", error)));
}
