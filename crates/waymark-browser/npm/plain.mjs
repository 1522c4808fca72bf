// `node plain.mjs FOLDER`: in the modules there, private names (`#queue`) become ordinary ones (`_queue`).
//
// Who bundles the package for browsers before ES2022, which is a default of several bundlers, gets a WeakMap for
// each private name otherwise, and events that cost a page half as much again.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const folder = process.argv[2];
for (const name of readdirSync(folder, { recursive: true })) {
  if (!name.endsWith('.js')) continue;
  const file = join(folder, name);
  const source = ts.createSourceFile(name, readFileSync(file, 'utf8'), ts.ScriptTarget.ES2022, true);
  const places = [];
  const look = (node) => {
    if (ts.isPrivateIdentifier(node)) places.push(node.getStart(source));
    ts.forEachChild(node, look);
  };
  look(source);
  let text = source.text;
  for (const place of places.sort((a, b) => b - a)) text = `${text.slice(0, place)}_${text.slice(place + 1)}`;
  writeFileSync(file, text);
}
