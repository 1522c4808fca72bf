// The cases that `cargo xtask test` wrote, with the bytes that the native engine gave.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";

const FOLDER = "target/parity";
const read = async (name) => JSON.parse(await readFile(`${FOLDER}/${name}.json`, "utf8"));

/** Calls `run(pack, cases)` for each run of cases with the same pack; says how many cases there were.
 * `host` is `edge`, which runs whole Programs, or `page`. */
export async function compare(host, run) {
  const { packs, chunks, cases: total } = await read("index");
  let compared = 0;
  const differing = [];
  for (let chunk = 0; chunk < chunks; chunk += 1) {
    for (const [pack, cases] of byPack(await read(`cases-${chunk}`))) {
      const results = await run(packs[pack], cases.map(({ before, events, decide }) => ({ before, events, decide })));
      assert.equal(results.length, cases.length);
      cases.forEach(({ name, page, ...whole }, at) => {
        const { decision, actions, state } = host === "page" ? page : whole;
        compared += 1;
        if (results[at].decision !== decision) differing.push(`${name}: the decision`);
        if (!isDeepStrictEqual(results[at].actions, actions)) differing.push(`${name}: the actions`);
        if (results[at].state !== state) differing.push(`${name}: the state`);
      });
    }
  }
  assert.equal(compared, total);
  assert.ok(total > 10_000, `only ${total} cases`);
  assert.deepEqual(differing.slice(0, 20), [], `${differing.length} differ from the native engine`);
  return total;
}

function byPack(cases) {
  const groups = new Map();
  for (const one of cases) groups.set(one.pack, [...(groups.get(one.pack) ?? []), one]);
  return groups;
}
