// A page on its way: the origin's, changed as the module's plan says, and on any failure the origin's own.

import * as wasm from "waymark-edge";
import { log, names, problem } from "./answers.js";
import { limited } from "./bytes.js";
import { canChange, changed } from "./html.js";
import * as kept from "./kept.js";
import { count, guarded, Late, revive, tellSometimes } from "./module.js";
import { fresh, origin, passedOn, returned, unconditional } from "./origin.js";

const DEADLINE = 2_000;
/** As in `src/preview.rs`: the page decides by another pack, so it comes as its author made it. */
const PREVIEW = "waymark_preview";
/** For what another server says: milliseconds, and bytes. */
const REMOTE_DEADLINE = 800;
const REMOTE_BYTES = 64 * 1024;

export async function page(request, url, env, context) {
  if (!isPage(request)) return returned(await origin(request, env, passedOn(request)), request, env);

  // A page that is here needs none of them.
  let headers;
  const sent = () => (headers ??= unconditional(request));
  if (url.search && url.searchParams.has(PREVIEW)) {
    return fresh(returned(await origin(request, env, sent()), request, env), request);
  }

  tellSometimes(env, context);
  // The origin is asked while the module thinks, unless its page is here.
  const planned = planFor(request, env);
  let found = kept.find(request, sent);
  let response = found?.fresh ? null : await origin(request, env, asking(sent(), found));
  if (found && response?.status === 304 && !kept.renew(request, sent(), found.page, response)) {
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
  const etag = plan.tag && `"${page.tag}-${plan.tag}"`;
  const hasIt = names(request.headers.get("If-None-Match"), etag);
  const body = hasIt ? null : kept.spliced(page, plan, count);
  const response = new Response(body, { status: hasIt ? 304 : 200, headers: page.own });
  if (plan.cookie) response.headers.append("Set-Cookie", plan.cookie);
  if (etag) response.headers.set("ETag", etag);
  if (hasIt) response.headers.delete("Content-Type");
  return response;
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
    return made instanceof Promise ? guarded(() => made, DEADLINE).then(read).catch(failed) : read(made);
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
  const { cf, headers } = request;
  const header = (name) => headers.get(name) ?? undefined;
  return wasm.plan(
    env,
    request.url,
    header("Cookie"),
    header("Accept-Language"),
    header("User-Agent"),
    header("Referer"),
    cf?.country ?? header("CF-IPCountry"),
    cf?.timezone ?? header("CF-Timezone"),
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
  const bytes = await limited(response.body, REMOTE_BYTES);
  if (!bytes) throw new Error(`it said more than ${REMOTE_BYTES} bytes`);
  const text = new TextDecoder().decode(bytes);
  if (type.toLowerCase() === "plain") return { html: false, body: text };
  return { html: true, body: await guarded(async () => wasm.sanitized(text), DEADLINE) };
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
