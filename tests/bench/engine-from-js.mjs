// As `engine.mjs`, with the visitor's 30 attributes brought over from a JavaScript object each time.

import * as engine from './engine.mjs';

export const { pkg, version, config } = engine;

export function create(text) {
  const made = engine.create(text);
  const visitor = engine.profile({});
  const turned = (ask) => (values) => {
    made.turn(visitor, values);
    return ask(visitor);
  };
  return { all: turned(made.all), slots: turned(made.slots), close: made.close };
}
