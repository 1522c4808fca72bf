// Events as they come in, for whoever looks.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { admin, ask, EDGE, operator, post, problem, server } from "./edge.mjs";

const say = (id) => post("/v1/track", { userId: "live", event: "Seen", messageId: id }, server);

test("the stream begins now, tells what comes, and goes on from where it was", async () => {
  problem(await ask("/admin/v1/events/stream"), 401, "bad-token");
  problem(await admin("/events/stream", { method: "POST" }), 405, "wrong-method");
  const before = randomUUID();
  await say(before);
  const listen = async (lastEventId, wanted) => {
    const headers = { ...operator.headers, ...(lastEventId && { "last-event-id": lastEventId }) };
    const response = await fetch(`${EDGE}/admin/v1/events/stream`, { headers, signal: AbortSignal.timeout(15_000) });
    assert.deepEqual([response.status, response.headers.get("content-type")], [200, "text/event-stream"]);
    let text = "";
    const decoder = new TextDecoder();
    let begun = false;
    for await (const chunk of response.body) {
      text += decoder.decode(chunk, { stream: true });
      if (!begun) {
        begun = true;
        await wanted.say?.();
      }
      if (text.includes(wanted.id)) break;
    }
    return text;
  };
  const [first, second] = [randomUUID(), randomUUID()];
  const text = await listen(undefined, { id: first, say: () => say(first) });
  assert.ok(!text.includes(before), "what was before is not told");
  const lines = text.split("\n").filter((line) => line.startsWith("data: "));
  const event = lines.map((line) => JSON.parse(line.slice(6))).find(({ messageId }) => messageId === first);
  assert.deepEqual([event.event, event.userId], ["Seen", "live"]);
  // Somebody listens again, and has missed nothing.
  const place = text.split("\n").filter((line) => line.startsWith("id: ")).at(-1).slice(4);
  await say(second);
  assert.ok((await listen(place, { id: second })).includes(second));
  assert.ok(!(await listen("1.2", { id: ": still here" })).includes(second), "a place that is none begins anew");
});

test("the answer about the latest refuses a place that is none", async () => {
  const { json } = await admin("/events/live");
  assert.deepEqual(json.events, []);
  problem(await admin("/events/live?after=x"), 400, "bad-request");
  const id = randomUUID();
  await say(id);
  const { events } = (await admin(`/events/live?after=${json.next}`)).json;
  assert.ok(events.some(({ messageId }) => messageId === id));
});
