// The worker's entry: what stands around the wasm module.
//
// It serves assets, hands the edge's own addresses to the module, and passes everything else to the
// origin, changing pages as the module's plan says. It is JavaScript because it must outlive the
// module: a trap leaves the module's promises pending for ever, so every call races with a deadline,
// and on any failure a page is the origin's own.

import * as wasm from "waymark-edge";
import { log, unavailable } from "./answers.js";
import { served } from "./assets.js";
import { limited } from "./bytes.js";
import { stream } from "./live.js";
import { guarded, revive, tellSometimes } from "./module.js";
import { page } from "./page.js";

export { Registry, Shard } from "./objects.js";

const DEADLINE = 15_000;
/** The edge's own addresses; all others are the origin's. */
const OWN_PATHS = ["/v1/", "/admin/", "/ofrep/"];
const LIVE = "/admin/v1/events/stream";
const OWN_FILES = ["/healthz", "/metrics", "/openapi.json"];
const BODILESS = ["GET", "HEAD", "OPTIONS"];
const EMPTY = new Uint8Array();
/** What of a request the module reads: to ask for it costs less than to go through all that browsers send. */
const HEADERS = wasm.header_names().split("\n");

export default {
  fetch(request, env, context) {
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
    return await guarded(() => answered(request, env), DEADLINE);
  } catch (error) {
    log("api", error);
    const response = unavailable("The edge failed while answering. Send the same request again.");
    const origin = request.headers.get("Origin");
    if (origin && !new URL(request.url).pathname.startsWith("/admin/")) {
      response.headers.set("Access-Control-Allow-Origin", origin);
      response.headers.set("Access-Control-Allow-Credentials", "true");
      response.headers.set("Access-Control-Expose-Headers", "Retry-After");
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
  const { headers: sent } = request;
  let told = "";
  for (const name of HEADERS) {
    const value = sent.get(name);
    if (value !== null) told += `${name}\n${value}\n`;
  }
  const [status, lines, bytes, encoded] = await wasm.answer(env, request.method, request.url, told, body);
  const headers = [];
  for (let at = 0; at + 1 < lines.length; at += 2) headers.push([lines[at], lines[at + 1]]);
  return new Response(bytes, { status, headers, ...(encoded && { encodeBody: "manual" }) });
}

/** All of a request's body; nothing of one that is longer than its address takes. */
async function bodyOf(request) {
  if (BODILESS.includes(request.method)) return EMPTY;
  const most = wasm.body_limit(request.url);
  const length = request.headers.get("Content-Length");
  if (length !== null) return Number(length) > most ? undefined : new Uint8Array(await request.arrayBuffer());
  if (!request.body) return EMPTY;
  return limited(request.body, most);
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
