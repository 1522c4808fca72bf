// An edge that is killed fifty times while events of several kinds of people come in: what it acknowledged is there,
// once, and in the right profiles.
import { test } from "node:test";
import { start } from "../edge/workerd.mjs";
import { allThere, pick, publish, senders, sleep } from "./load.mjs";

const KILLS = 50;

test("killed fifty times under load, an edge loses nothing that it acknowledged and counts nothing twice", { timeout: 420_000 }, async () => {
  const vars = { SHARD_OBJECTS: "5" };
  let edge = await start({ vars });
  const { url, folder } = edge;
  const port = Number(new URL(url).port);
  await publish(url);

  const { events, over } = senders(url);
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(50 + pick(200));
    await edge.kill();
    edge = await start({ vars, folder, port });
  }
  await over();

  try {
    const profiles = await allThere(url, events);
    console.log(`${events.length} events acknowledged, ${KILLS} kills, 0 lost, 0 twice, ${profiles} profiles right`);
  } finally {
    await edge.stop();
  }
});
