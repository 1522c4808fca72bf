// The worker's entry: what stands around the wasm module.
//
// It serves assets, hands the edge's own addresses to the module, and passes everything else to the
// origin, changing pages as the module's plan says. It is JavaScript because it must outlive the
// module: a trap leaves the module's promises pending for ever, so every call races with a deadline,
// and on any failure a page is the origin's own.

import { DurableObject } from "cloudflare:workers";
import * as wasm from "waymark-edge";
import assets from "waymark-assets";
import { canChange, changed } from "./html.js";
import * as kept from "./kept.js";
import { stream } from "./live.js";

const PAGE_DEADLINE = 2_000;
const API_DEADLINE = 15_000;
const OBJECT_DEADLINE = 10_000;
const ALARM_DEADLINE = 30_000;
const ALARM_AGAIN = 10_000;
const TELL_EVERY = 10_000;
/** The edge's own addresses; all others are the origin's. */
const OWN_PATHS = ["/v1/", "/admin/", "/ofrep/"];
const LIVE = "/admin/v1/events/stream";
const OWN_FILES = ["/healthz", "/metrics", "/openapi.json"];
const BODILESS = ["GET", "HEAD", "OPTIONS"];
const EMPTY = new Uint8Array();
/** The visitor's, and what of their profile spares a page its shard. The origin is not sent them. */
const COOKIES = ["wm_v", "wm_s"];
/** As in `src/preview.rs`: the page decides by another pack, so it comes as its author made it. */
const PREVIEW = "waymark_preview";
/** For what another server says: milliseconds, and bytes. */
const REMOTE_DEADLINE = 800;
const REMOTE_BYTES = 64 * 1024;

// Traps -----------------------------------------------------------------------------------------

// A trapped instance must not be called again, and what it promised stays pending for ever. It tells
// here that it is gone, whatever it was doing, and the next call makes a new one.
let generation = 0;
let gone = false;
// The runtime's own makes a function of the module's anew each time that it is called.
const settled = Promise.resolve();
globalThis.queueMicrotask = (task) => void settled.then(task);
const waiting = new Set();
globalThis.__waymark_gone = () => {
  gone = true;
  for (const fail of waiting) fail(new Error("the module trapped"));
  waiting.clear();
};
wasm.watch();

// Before a call and never within one: nothing of the old instance may reach the new one.
function revive() {
  if (!gone) return;
  wasm.__wbg_reset_state();
  wasm.watch();
  generation += 1;
  gone = false;
  count("failures", "trap");
}

class Late extends Error {}

// Settles as `call` does, or fails when the module traps or the time is up. Of a trap somebody else's request tells: the
// timer is ended by its own, since a request without one has nothing to wait for, and the runtime would give it up.
async function guarded(call, deadline) {
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

// What becomes of pages is counted. That it cannot be is no reason to fail one.
function count(family, value) {
  try {
    if (!gone) wasm.count(family, value);
  } catch (error) {
    log("figures", error);
  }
}

// An isolate may go at any time: what it has counted, it tells while it is there.
function tellSometimes(env, context) {
  if (Date.now() - told < TELL_EVERY) return;
  told = Date.now();
  context.waitUntil(guarded(() => wasm.tell(env), API_DEADLINE).catch((error) => log("figures", error)));
}

// Answers -----------------------------------------------------------------------------------------

function problem(status, code, title, detail, headers) {
  const type = `https://waymark.dev/problems/${code}`;
  return new Response(JSON.stringify({ type, title, status, detail, code }), {
    status,
    headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store", ...headers },
  });
}

function unavailable(detail) {
  return problem(503, "unavailable", "A part of the edge did not answer", detail, { "Retry-After": "1" });
}

// A line of JSON for whoever reads the logs: where, what, and how it came there. Never a request: addresses, cookies
// and bodies are people's.
function log(at, error, more) {
  const [message, ...stack] = String(error?.stack ?? error).split("\n").map((line) => line.trim());
  console.error(JSON.stringify({ level: "error", at, message, ...(stack.length && { stack }), ...more }));
}

// Objects ---------------------------------------------------------------------------------------

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

// Requests --------------------------------------------------------------------------------------

export default {
  async fetch(request, env, context) {
    const url = new URL(request.url);
    const path = url.pathname;
    if (path === "/waymark.js" || path === "/waymark.css" || path.startsWith("/waymark/")) {
      const asset = served(request, path);
      if (asset) return asset;
    }
    if (OWN_PATHS.some((own) => path.startsWith(own)) || OWN_FILES.includes(path)) {
      return path === LIVE ? live(request, env, context) : api(request, env, context);
    }
    return page(request, url, env, context);
  },
};

async function api(request, env, context) {
  tellSometimes(env, context);
  try {
    return await guarded(() => answered(request, env), API_DEADLINE);
  } catch (error) {
    log("api", error);
    const response = unavailable("The edge failed while answering. Send the same request again.");
    const origin = request.headers.get("Origin");
    if (origin && !new URL(request.url).pathname.startsWith("/admin/")) {
      response.headers.set("Access-Control-Allow-Origin", origin);
      response.headers.set("Access-Control-Allow-Credentials", "true");
      response.headers.set("Vary", "Origin");
    }
    return response;
  }
}

// Crossing with two texts and the body's bytes is cheaper than with the runtime's objects.
async function answered(request, env) {
  const body = await bodyOf(request);
  // The module may have trapped while the body came.
  revive();
  let headers = "";
  for (const [name, value] of request.headers) headers += `${name}\n${value}\n`;
  const [status, lines, bytes, encoded] = await wasm.answer(env, request.method, request.url, headers, body);
  const own = new Headers();
  for (let at = 0; at + 1 < lines.length; at += 2) own.append(lines[at], lines[at + 1]);
  return new Response(bytes, { status, headers: own, ...(encoded && { encodeBody: "manual" }) });
}

/** All of a request's body; nothing of one that is longer than its address takes. */
async function bodyOf(request) {
  if (BODILESS.includes(request.method)) return EMPTY;
  const most = wasm.body_limit(request.url);
  const length = request.headers.get("Content-Length");
  if (length !== null) return Number(length) > most ? undefined : new Uint8Array(await request.arrayBuffer());
  if (!request.body) return EMPTY;
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request.body) {
    bytes += chunk.byteLength;
    if (bytes > most) return undefined;
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}

// Each question is a request of its own: the token is asked for each time.
function live(request, env, context) {
  if (request.method !== "GET") return api(request, env, context);
  return stream(request, (after) => {
    const url = new URL(LIVE, request.url);
    if (after) url.searchParams.set("after", after);
    return api(new Request(url, { headers: request.headers }), env, context);
  });
}

// Assets ----------------------------------------------------------------------------------------

function served(request, path) {
  const asset = Object.hasOwn(assets, path) ? assets[path] : undefined;
  if (!asset) return undefined;
  if (request.method !== "GET" && request.method !== "HEAD") {
    const detail = "This address takes GET, HEAD.";
    return problem(405, "wrong-method", "The method is not taken here", detail, { Allow: "GET, HEAD" });
  }
  const headers = new Headers({
    "Content-Type": asset.type,
    "Cache-Control": asset.immutable
      ? "public, max-age=31536000, immutable"
      : "public, max-age=300, stale-while-revalidate=86400",
    ETag: asset.etag,
    Vary: "Accept-Encoding",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "X-Content-Type-Options": "nosniff",
  });
  if (names(request.headers.get("If-None-Match"), asset.etag)) {
    return new Response(null, { status: 304, headers });
  }
  const accepted = encodings(request);
  const encoding = accepted.has("br") ? "br" : accepted.has("gzip") ? "gzip" : null;
  const head = request.method === "HEAD";
  if (encoding) {
    const body = encoding === "br" ? asset.br : asset.gzip;
    headers.set("Content-Encoding", encoding);
    headers.set("Content-Length", String(body.byteLength));
    return new Response(head ? null : body, { headers, encodeBody: "manual" });
  }
  if (head) return new Response(null, { headers });
  const inflated = new Response(asset.gzip).body.pipeThrough(new DecompressionStream("gzip"));
  return new Response(inflated, { headers });
}

// Which encodings the client named. A client's own header can be hidden from a worker: the platform
// rewrites `Accept-Encoding` and keeps the client's in `cf.clientAcceptEncoding`.
function encodings(request) {
  const header = request.cf?.clientAcceptEncoding ?? request.headers.get("Accept-Encoding") ?? "";
  const accepted = new Set();
  for (const item of header.toLowerCase().split(",")) {
    const [name, ...parameters] = item.split(";").map((part) => part.trim());
    if (!parameters.some((part) => /^q=0*\.?0*$/.test(part))) accepted.add(name);
  }
  return accepted;
}

function names(header, etag) {
  if (!header || !etag) return false;
  const bare = (tag) => tag.trim().replace(/^W\//, "");
  return header.split(",").some((tag) => tag.trim() === "*" || bare(tag) === bare(etag));
}

// Pages -----------------------------------------------------------------------------------------

async function page(request, url, env, context) {
  if (!isPage(request)) return returned(await origin(request, env, passedOn(request)), request, env);

  // A page that is here needs none of them.
  let headers;
  const sent = () => (headers ??= unconditional(request));
  if (url.searchParams.has(PREVIEW)) {
    return fresh(returned(await origin(request, env, sent()), request, env), request);
  }

  tellSometimes(env, context);
  // The origin is asked while the module thinks, unless its page is here.
  const planned = planFor(request, env);
  let found = kept.find(request, sent);
  let response = found?.fresh ? null : await origin(request, env, asking(sent(), found));
  if (found && response?.status === 304 && !kept.renew(request, found.page, response)) {
    found = undefined;
    response = await origin(request, env, sent());
  }
  const made = await planned;
  let became = made?.failed ?? (made ? "unchangeable" : "unchanged");
  try {
    if (made?.redirect !== undefined && isVisit(request)) {
      response?.body?.cancel();
      count("pages", "redirect");
      return isAhead(request) ? notAhead() : redirected(made);
    }
    if (made?.decision) {
      const answer = await personal(request, sent, made, found, response, context);
      if (answer) {
        count("pages", "personal");
        return answer;
      }
    }
  } catch (error) {
    log("page", error);
    became = "failed";
  }
  count("pages", became);
  // As its author made it.
  const whole = response && response.status !== 304 ? response : await origin(request, env, sent());
  return fresh(returned(whole, request, env), request);
}

/** The visitor's own page; nothing where the origin's cannot be changed. */
async function personal(request, sent, plan, found, response, context) {
  if (found && (!response || response.status === 304)) {
    await fetchRemotes(plan);
    return own(request, found.page, plan);
  }
  if (!canChange(response)) return undefined;
  await fetchRemotes(plan);
  if (!kept.mayKeep(request, sent(), response)) return changed(response, plan);
  const [now, later] = response.body.tee();
  const copy = (body) => new Response(body, { headers: response.headers });
  context.waitUntil(kept.keep(request, sent(), copy(later)).catch((error) => log("page", error)));
  return changed(copy(now), plan);
}

/** A kept page for one visitor. It is not sent to whom has it. */
function own(request, page, plan) {
  const headers = new Headers(page.own);
  if (plan.cookie) headers.append("Set-Cookie", plan.cookie);
  if (plan.tag) headers.set("ETag", `"${page.tag}-${plan.tag}"`);
  if (names(request.headers.get("If-None-Match"), headers.get("ETag"))) {
    headers.delete("Content-Type");
    return new Response(null, { status: 304, headers });
  }
  return new Response(kept.spliced(page, plan, count), { headers });
}

function redirected({ redirect, cookie }) {
  const headers = { Location: redirect, "Cache-Control": "private, no-store", Vary: "Cookie" };
  if (cookie) headers["Set-Cookie"] = cookie;
  return new Response(null, { status: 302, headers });
}

// What the origin is asked: for its page, or whether one that was kept is still the same.
function asking(sent, found) {
  if (!found) return sent;
  const headers = new Headers(sent);
  kept.conditions(found.page, headers);
  return headers;
}

// The plan, or null where there is none; `{ failed }` says that it is not known, and why.
function planFor(request, env) {
  const failed = (error) => {
    log("page", error);
    return { failed: error instanceof Late ? "late" : "failed" };
  };
  try {
    revive();
    const made = plan(request, env);
    // The usual plan is there at once, and needs no deadline.
    return made instanceof Promise ? guarded(() => made, PAGE_DEADLINE).then(read).catch(failed) : read(made);
  } catch (error) {
    return failed(error);
  }
}

// A plan as the module tells it.
function read(made) {
  if (!made) return null;
  if (made.length === 2) return { redirect: made[0], cookie: made[1] };
  const [slots, remote, decision, tag, variant, cookie] = made;
  let parsed;
  return {
    // Where others were shown the same, nobody asks for them.
    get slots() {
      return (parsed ??= JSON.parse(slots));
    },
    remote: remote && JSON.parse(remote), decision, tag, variant, cookie,
  };
}

function plan(request, env) {
  const header = (name) => request.headers.get(name) ?? undefined;
  return wasm.plan(
    env,
    request.url,
    header("Cookie"),
    header("Accept-Language"),
    header("User-Agent"),
    header("Referer"),
    request.cf?.country ?? header("CF-IPCountry"),
    request.cf?.timezone ?? header("CF-Timezone"),
    header("Sec-GPC")?.trim() === "1",
    isVisit(request) && !isAhead(request),
  );
}

// Whether the answer may be a page. What a browser fetches for a page, and anything that is not a
// GET, goes through as it is.
function isPage(request) {
  if (request.method !== "GET" || request.headers.has("Upgrade")) return false;
  const destination = request.headers.get("Sec-Fetch-Dest");
  if (destination && !["document", "iframe", "frame", "embed", "object", "empty"].includes(destination)) {
    return false;
  }
  const accept = request.headers.get("Accept");
  return !accept || /text\/html|\*\/\*|text\/\*/i.test(accept);
}

// Adds to the slots what other servers say. Where one does not answer in time, or with something else
// than text, the author's content stays.
async function fetchRemotes(plan) {
  const { remote } = plan;
  if (!remote) return;
  await Promise.all(Object.entries(remote).map(async ([id, { url, content }]) => {
    try {
      plan.slots[id] = { ...(await said(url)), content };
    } catch (error) {
      log("remote", error, { origin: new URL(url).origin });
      count("failures", "remote");
    }
  }));
}

async function said(url) {
  const signal = AbortSignal.timeout(REMOTE_DEADLINE);
  // A redirect could lead to a server that nobody allowed.
  const response = await fetch(url, { headers: { Accept: "text/html, text/plain" }, redirect: "manual", signal });
  const [, type] = /^\s*text\/(html|plain)\s*(;|$)/i.exec(response.headers.get("Content-Type") ?? "") ?? [];
  if (response.status !== 200 || !type) {
    response.body?.cancel();
    throw new Error(`it answered ${response.status} ${response.headers.get("Content-Type")}`);
  }
  const text = await limited(response.body);
  if (type.toLowerCase() === "plain") return { html: false, body: text };
  return { html: true, body: await guarded(async () => wasm.sanitized(text), PAGE_DEADLINE) };
}

async function limited(body) {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > REMOTE_BYTES) throw new Error(`it said more than ${REMOTE_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

// Whether a person goes to the page, and no script or frame asks for it.
function isVisit(request) {
  const destination = request.headers.get("Sec-Fetch-Dest");
  return destination ? destination === "document" : /text\/html/i.test(request.headers.get("Accept") ?? "");
}

// Whether a browser asks before anybody goes there, if they do at all. Nobody has seen anything yet.
function isAhead(request) {
  return /prefetch|prerender/i.test(request.headers.get("Sec-Purpose") ?? request.headers.get("Purpose") ?? "");
}

// Who is led elsewhere is to be counted when they go: then the browser asks again.
function notAhead() {
  const headers = { "Cache-Control": "private, no-store", Vary: "Sec-Purpose, Cookie" };
  return problem(503, "not-ahead", "Not before somebody goes there", "This page leads elsewhere, which is counted when a visitor goes there. Ask when they do.", headers);
}

// The request's headers without our cookies.
function passedOn(request) {
  const headers = new Headers(request.headers);
  const cookies = headers.get("Cookie");
  if (cookies !== null) {
    const others = cookies.split(";").filter((pair) => !COOKIES.includes(pair.split("=", 1)[0].trim()));
    if (others.length) headers.set("Cookie", others.join(";").trim());
    else headers.delete("Cookie");
  }
  return headers;
}

// The same, asking for a whole page that can be changed: the visitor's copy may have been.
function unconditional(request) {
  const headers = passedOn(request);
  for (const name of ["If-None-Match", "If-Modified-Since", "If-Range", "Range"]) headers.delete(name);
  headers.set("Accept-Encoding", "identity");
  return headers;
}

async function origin(request, env, headers) {
  try {
    return await asked(request, env, headers);
  } catch (error) {
    log("origin", error);
    count("failures", "origin");
    const detail = "The site behind the edge could not be reached. Try again.";
    return problem(502, "origin-unreachable", "The origin did not answer", detail, { "Retry-After": "1" });
  }
}

function asked(request, env, headers) {
  const url = new URL(request.url);
  headers.set("X-Forwarded-Host", url.host);
  headers.set("X-Forwarded-Proto", url.protocol.slice(0, -1));
  if (env.ORIGIN) {
    return env.ORIGIN.fetch(new Request(request, { headers, redirect: "manual" }));
  }
  if (!env.ORIGIN_URL) {
    return unavailable("No origin is set: bind ORIGIN, or set the variable ORIGIN_URL.");
  }
  const target = new URL(env.ORIGIN_URL);
  url.protocol = target.protocol;
  url.host = target.host;
  // A host without a port leaves the old one in place.
  url.port = target.port;
  return fetch(new Request(new Request(url, request), { headers, redirect: "manual" }));
}

// An answer of the origin's, with its redirects to itself pointing here.
function returned(response, request, env) {
  const location = response.headers.get("Location");
  if (!location || env.ORIGIN || !env.ORIGIN_URL) return response;
  const own = new URL(env.ORIGIN_URL).origin;
  if (location !== own && !location.startsWith(`${own}/`)) return response;
  const here = new Response(response.body, response);
  here.headers.set("Location", new URL(request.url).origin + location.slice(own.length));
  return here;
}

// The visitor's copy is the origin's page as it is: say so, as the origin would have.
function fresh(response, request) {
  if (response.status !== 200) return response;
  if (!names(request.headers.get("If-None-Match"), response.headers.get("ETag"))) return response;
  response.body?.cancel();
  const headers = new Headers(response.headers);
  for (const name of ["Content-Length", "Content-Type", "Content-Encoding"]) headers.delete(name);
  return new Response(null, { status: 304, headers });
}
