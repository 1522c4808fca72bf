// Slots move from five objects to eight, to three and to eleven while events come in and the edge is killed: what was
// acknowledged is there, once, and in the right profiles, and everything gets to where it belongs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { summed } from "../edge/edge.mjs";
import { start } from "../edge/workerd.mjs";
import { allThere, pick, publish, senders, sleep } from "./load.mjs";

const MAPS = ["5", "5,8", "5,8,3", "5,8,3,11"];
const KILLS_OF_A_MAP = 6;

const moving = (edge) => summed("waymark_slots_moving", edge);

test("slots move between objects under load, and nothing is lost or counted twice", { timeout: 420_000 }, async () => {
  let edge = await start({ vars: { SHARD_OBJECTS: MAPS[0] } });
  const { url, folder } = edge;
  const port = Number(new URL(url).port);
  await publish(url);

  const { events, over } = senders(url);
  await sleep(1_000);
  for (const map of MAPS.slice(1)) {
    for (let kill = 0; kill < KILLS_OF_A_MAP; kill++) {
      await edge.kill();
      edge = await start({ vars: { SHARD_OBJECTS: map }, folder, port });
      await sleep(100 + pick(400));
    }
  }
  await over();

  try {
    const profiles = await allThere(url, events);
    const end = Date.now() + 60_000;
    let left = await moving(url);
    while (left > 0 && Date.now() < end) {
      await sleep(500);
      left = await moving(url);
    }
    assert.equal(left, 0, "slots are not where they belong");
    await allThere(url, events);
    const kills = KILLS_OF_A_MAP * (MAPS.length - 1);
    console.log(`${events.length} events acknowledged, ${MAPS.length} maps, ${kills} kills, 0 lost, 0 twice, ${profiles} profiles right`);
  } finally {
    await edge.stop();
  }
});
