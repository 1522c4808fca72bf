// Messages to other servers, in workerd: the example's e-mail platform, chat tool, help desk and CRM are a small receiver,
// which checks the signature of what it gets by the specification's own library.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, beforeEach, test } from "node:test";
import { Webhook } from "standardwebhooks";
import { admin, ask, post, problem, server, stored } from "./edge.mjs";
import { serve, start } from "./workerd.mjs";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const example = await readFile(new URL("../../examples/packs/messages.jsonc", import.meta.url), "utf8");

let receiver, edge, vars;
let got = [];
/** How the receiver answers the next ones; then 204. A promise is waited for. */
let answers = [];

before(async () => {
  receiver = await serve(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    got.push({ method: request.method, url: request.url, headers: request.headers, body, json: JSON.parse(body) });
    const { status = 204, headers = {} } = (await answers.shift()) ?? {};
    response.writeHead(status, headers).end();
  });
  const host = new URL(receiver.url).host;
  const webhook = (name, headers) => ({ name, hosts: [host], secret: SECRET, headers });
  vars = {
    SHARD_OBJECTS: "4",
    PUBLIC_URL: "http://localhost:8787",
    WEBHOOKS: JSON.stringify([
      webhook("MAIL", { Authorization: "Bearer mail-key" }), webhook("CHAT"), webhook("DESK"), webhook("CRM"),
    ]),
  };
  edge = await start({ vars });
  // The example, with this machine for its servers; nobody waits for an hour, nor for the morning.
  const pack = example
    .replaceAll(/https:\/\/(api\.mail|chat|desk|crm)\.example/g, receiver.url)
    .replace(`"wait": "1h"`, `"wait": "1s"`).replace(`"wait": "7d"`, `"wait": "1s"`).replaceAll(`"due": "4h"`, `"due": "1s"`)
    .replace(/"quiet": \{.*?\},/, "")
    .replace(`"Call Requested": {},`, `"Call Requested": {}, "News Wanted": {},`)
    .replace(`"triggers": [`, `"triggers": [{ "id": "news", "on": { "event": "News Wanted" }, "do": { "send": "email", "message": "news" } },`)
    .replace(/"tests": \[[\s\S]*\],\n\}/, "}");
  const put = await admin("/packs", { method: "PUT", body: pack, edge: edge.url });
  assert.equal(put.status, 201, put.text);
  await admin(`/packs/${put.json.hash}/activate`, { method: "POST", edge: edge.url });
});
after(async () => {
  await edge?.stop();
  await receiver?.stop();
});
beforeEach(() => { got = []; answers = []; });

let made = 0;
const say = async (userId, event, properties = {}) => {
  const { status, text } = await post("/v1/track", { userId, event, properties, messageId: `m${made++}` }, { ...server, edge: edge.url });
  assert.equal(status, 200, text);
};
const know = (userId, traits) => post("/v1/identify", { userId, traits, messageId: `m${made++}` }, { ...server, edge: edge.url });

const until = async (what, holds, ms = 15_000) => {
  for (const end = Date.now() + ms; Date.now() < end;) {
    if (await holds()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  assert.fail(`${what} within ${ms} ms; got ${JSON.stringify(got.map(({ url, body }) => [url, body]))}`);
};
const letters = async () => (await admin("/dead-letters", { edge: edge.url })).text.split("\n").filter(Boolean).map(JSON.parse);

test("a CRM and a chat tool hear of an order, signed as the specification says", async () => {
  await know("ann", { email: "ann+shop@mail.example", firstName: "Ann" });
  await say("ann", "Order Completed", { order_id: "o1", revenue: 620 });
  await until("two messages", () => got.length === 2);
  const crm = got.find(({ method }) => method === "PATCH");
  assert.equal(crm.url, "/crm/v3/objects/contacts/ann%2Bshop%40mail.example?idProperty=email");
  assert.deepEqual(crm.json, { properties: { lifecyclestage: "customer", total_revenue: "620" } });
  const chat = got.find(({ url }) => url === "/api/chat.postMessage");
  assert.deepEqual(chat.json, { channel: "#sales", text: "ann has now spent €620.00 in 1 orders." });
  for (const { headers, body } of got) {
    new Webhook(SECRET).verify(body, headers);
    assert.throws(() => new Webhook(SECRET).verify(`${body} `, headers));
    assert.equal(headers["content-type"], "application/json");
    assert.match(headers["user-agent"], /^Waymark\//);
  }
  assert.equal(crm.headers.authorization, undefined, "each has its own credentials");
});

test("an e-mail platform is asked for the cart that was left, and its credentials are the operator's", async () => {
  await know("bea", { email: "bea@mail.example" });
  await say("bea", "Product Added", { product_id: "boots", price: 80 });
  await until("the letter", () => got.length === 1);
  const [{ url, headers, json }] = got;
  assert.deepEqual([url, headers.authorization], ["/v3/mail/send", "Bearer mail-key"]);
  assert.equal(json.template_id, "still-there");
  assert.deepEqual(json.personalizations, [{
    to: [{ email: "bea@mail.example" }],
    dynamic_template_data: { first_name: "there", product: "boots", survey: "" },
  }]);
  assert.equal(json.custom_args.message, headers["webhook-id"]);
});

test("a help desk gets a task, and whoever leads it hears when it is late", async () => {
  await say("cid", "Call Requested");
  await say("dan", "Call Requested");
  await until("two tickets", () => got.length === 2);
  const ids = got.map(({ json }) => json.ticket.external_id);
  assert.deepEqual(got.map(({ headers }) => headers["idempotency-key"]), ids);
  // Dan was called.
  const dan = got.findIndex(({ json }) => json.ticket.comment.body.startsWith("Please call the customer") && json.ticket.external_id === ids[1]);
  await say("dan", "Task Completed", { task_id: ids[dan] });
  await until("the escalation", () => got.length === 3);
  assert.deepEqual(got[2].json, { channel: "#desk-leads", text: `Not done in time: Call back (${ids[0]}-late)` });
  const open = (await admin("/tasks", { edge: edge.url })).text.split("\n").filter(Boolean).map(JSON.parse);
  assert.deepEqual(open.map(({ id, late }) => [id, late]), [[ids[0], true]]);
});

test("a survey's link asks, and only its form answers", async () => {
  await say("eve", "Order Delivered", { order_id: "o9" });
  await until("the link", () => got.length === 1);
  const link = new URL(got[0].json.personalizations[0].dynamic_template_data.survey);
  assert.match(link.href, /^http:\/\/localhost:8787\/v1\/survey\/s1\./);
  const page = (language) => ask(link.pathname, { edge: edge.url, headers: { "accept-language": language } });
  const [english, chinese] = [await page("en"), await page("zh-CN")];
  assert.match(english.text, /How likely are you/);
  assert.match(chinese.text, /您有多大可能/);
  assert.equal(english.headers["cache-control"], "no-store");
  assert.match(english.headers["content-security-policy"], /default-src 'none'/);
  const answer = (body) => ask(link.pathname, {
    method: "POST", edge: edge.url, body, headers: { "content-type": "application/x-www-form-urlencoded" },
  });
  assert.equal((await answer("score=12")).status, 422);
  assert.equal((await answer("score=1&comment=late")).status, 200);
  await until("the alert", () => got.some(({ json }) => json.ticket?.subject === "Unhappy customer"));
  problem(await ask("/v1/survey", { edge: edge.url }), 404, "unknown-route");
  assert.equal((await ask(`${link.pathname}x`, { edge: edge.url })).status, 403);
});

test("nobody is written to more often than the contact policy allows, and what is exempt goes on", async () => {
  const to = (name) => got.filter(({ json }) => json.personalizations?.[0].to[0].email === `${name}@mail.example`);
  for (const name of ["jim", "kay"]) await know(name, { email: `${name}@mail.example` });
  for (let time = 0; time < 5; time += 1) await say("jim", "News Wanted");
  await until("what the policy allows", () => to("jim").length >= 3);
  // Another way to the same channel has no room of its own.
  await say("jim", "Product Added", { product_id: "boots", price: 80 });
  await say("kay", "Product Added", { product_id: "boots", price: 80 });
  await say("jim", "Call Requested");
  // Hers waits as long as his would have.
  await until("another's letter, and a ticket", () => to("kay").length === 1 && got.some(({ url }) => url.startsWith("/api/v2")));
  await new Promise((done) => setTimeout(done, 1_500));
  assert.deepEqual(to("jim").map(({ json }) => json.template_id), ["news", "news", "news"]);
  assert.equal(new Set(to("jim").map(({ headers }) => headers["webhook-id"])).size, 3);
  const requested = (await stored("u:jim", edge.url)).filter(({ event, properties }) => event === "Message Requested" && properties.contact === "email");
  assert.equal(requested.length, 3);
});

test("what is not taken is tried again, and then dead until an operator has it sent again", async () => {
  answers = [{ status: 500 }];
  await say("fay", "Call Requested");
  await until("the second attempt", () => got.filter(({ url }) => url.startsWith("/api/v2")).length === 2);
  const [first, second] = got.filter(({ url }) => url.startsWith("/api/v2"));
  assert.equal(first.headers["webhook-id"], second.headers["webhook-id"]);
  await say("fay", "Task Completed", { task_id: first.headers["webhook-id"] });

  got = [];
  answers = [{ status: 307, headers: { location: `${receiver.url}/elsewhere` } }, { status: 422 }];
  await say("gus", "Call Requested");
  await until("it is dead", async () => (await letters()).length === 1);
  const [{ id, why }] = await letters();
  assert.equal(why, "It was answered 307, and redirects are not followed.");
  assert.ok(got.every(({ url }) => url !== "/elsewhere"));
  const metrics = async (name) => {
    const { text } = await ask("/metrics", { edge: edge.url, headers: { authorization: "Bearer demo-admin" } });
    const lines = text.split("\n").filter((line) => line.startsWith(`${name}{`));
    return lines.reduce((sum, line) => sum + Number(line.split(" ")[1]), 0);
  };
  assert.equal(await metrics("waymark_dead_letters"), 1);
  answers = [];
  const again = await admin("/dead-letters/replay", { method: "POST", body: JSON.stringify({ ids: [id] }), edge: edge.url });
  assert.equal(again.json.letters, 1, again.text);
  await until("it arrives", async () => (await metrics("waymark_dead_letters")) + (await metrics("waymark_letters")) === 0);
  assert.ok(got.some(({ headers }) => headers["webhook-id"] === id));
});

test("killed between asking and sending, the edge sends when it is back", async () => {
  let heard;
  const never = new Promise(() => {});
  answers = [never, never];
  const users = ["hal", "ida"];
  for (const user of users) await say(user, "Call Requested");
  await until("both are being sent", () => got.length === 2);
  heard = got.map(({ headers }) => headers["webhook-id"]).sort();
  await edge.kill();
  got = [];
  answers = [];
  edge = await start({ vars, folder: edge.folder, port: Number(new URL(edge.url).port) });
  await until("both are sent again", () => got.filter(({ url }) => url.startsWith("/api/v2")).length >= 2, 30_000);
  const sent = got.filter(({ url }) => url.startsWith("/api/v2")).map(({ headers }) => headers["webhook-id"]).sort();
  assert.deepEqual(sent, heard);
});
