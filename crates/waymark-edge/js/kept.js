// The origin's pages, as far as HTTP lets anybody keep them (RFC 9111), cut where slots are: finding those again for
// each visitor is what costs.

import { joined, limited } from "./bytes.js";
import { canChange, FOR_CACHES, insertions, ownHeaders } from "./html.js";

/** Bytes of all pages that an isolate keeps, and of the largest one. */
const MOST_BYTES = 24 * 1024 * 1024;
const LARGEST = 2 * 1024 * 1024;
/** Of a page. */
const MOST_VARIANTS = 32;

/**
 * Headers that a page may depend on without saying so, since everybody's browser sends them. With any other one that
 * `Vary` does not name, an answer is for whoever sent it: it is not kept.
 */
const USUAL = new RegExp(`^(${[
  // What browsers send.
  "accept", "accept-(encoding|language)", "cache-control", "connection", "cookie", "dnt", "dpr", "downlink", "ect", "host",
  "if-(match|modified-since|none-match|range|unmodified-since)", "pragma", "priority", "purpose", "range", "referer", "rtt",
  "save-data", "sec-(ch-[a-z-]+|fetch-(dest|mode|site|storage-access|user)|gpc|purpose)", "te", "upgrade-insecure-requests",
  "user-agent", "viewport-width",
  // What the platform and this edge say, whatever was sent.
  "cdn-loop", "cf-(connecting-ip(v6)?|ew-via|ipcity|ipcontinent|ipcountry|iplatitude|iplongitude|metro-code|postal-code)",
  "cf-(pseudo-ipv4|ray|region(-code)?|timezone|visitor|warp-tag-id|worker)", "x-forwarded-(host|proto)",
].join("|")})$`);
/** What the platform has put in place of what was sent, where it says whose request it is. */
const OF_THE_CLIENT = ["x-forwarded-for", "x-real-ip"];

const encoder = new TextEncoder();
const pages = new Map();
let bytes = 0;

/** A page for this request: `{ page, fresh }`. One that is not fresh has to be asked for again. */
export function find(request, sent) {
  const forms = pages.get(request.url) ?? [];
  const page = forms.find((page) => page.vary.every(([name, value]) => sent().get(name) === value));
  if (!page) return undefined;
  // The last used last.
  pages.delete(request.url);
  pages.set(request.url, forms);
  const again = /(^|[\s,])(no-cache|max-age\s*=\s*0)([\s,]|$)/i.test(request.headers.get("Cache-Control") ?? request.headers.get("Pragma") ?? "");
  return { page, fresh: !again && Date.now() < page.until };
}

/** Asks the origin whether its page is still this one. */
export function conditions(page, headers) {
  const [etag, modified] = [page.headers.get("ETag"), page.headers.get("Last-Modified")];
  if (etag) headers.set("If-None-Match", etag);
  if (modified) headers.set("If-Modified-Since", modified);
}

/** It is: so says a 304, which may say anew for how long, or that it is not everybody's any more: then it is let go. */
export function renew(request, sent, page, answer) {
  const headers = new Headers(page.headers);
  for (const name of ["Cache-Control", "Date", "Expires", "ETag", "Last-Modified", "Vary", "Age"]) {
    if (answer.headers.has(name)) headers.set(name, answer.headers.get(name));
  }
  if (!isEverybodys(headers) || answer.headers.has("Set-Cookie")) {
    const others = pages.get(request.url) ?? [];
    // Somebody else may have let it go.
    if (!page.gone) letGo(page);
    pages.set(request.url, others.filter((other) => other !== page));
    return false;
  }
  page.until = Date.now() + lifetime(headers);
  page.headers = headers;
  page.vary = varyingBy(headers, sent);
  page.own = ownHeaders(headers);
  return true;
}

/** Whether an answer may be kept for others than who asked. */
export function mayKeep(request, sent, response) {
  if (!canChange(response) || response.headers.has("Set-Cookie") || request.headers.has("Authorization")) return false;
  if (!isEverybodys(response.headers) || directives(request.headers).has("no-store")) return false;
  const said = directives(response.headers);
  const vary = varied(response.headers);
  const known = (name) => USUAL.test(name) || (OF_THE_CLIENT.includes(name) && sent.has("CF-Connecting-IP"));
  if ([...sent.keys()].some((name) => !known(name) && !vary.includes(name))) return false;
  // A site whose pages depend on its cookies might not say so. One that says that they are everybody's is believed.
  if (sent.has("Cookie") && !said.has("public") && !said.has("s-maxage")) return false;
  return Number(response.headers.get("Content-Length") ?? 0) <= LARGEST && lifetime(response.headers) > 0;
}

function isEverybodys(headers) {
  const said = directives(headers);
  // What is for caches alone, and forbids it, is for this one, too.
  const targeted = [...headers].some(([name, value]) => FOR_CACHES.test(name) && /no-store|private|no-cache/i.test(value));
  return !targeted && !["no-store", "private", "no-cache"].some((name) => said.has(name))
    && !varied(headers).some((name) => ["*", "cookie", "authorization"].includes(name));
}

/** Keeps a page, unless it is too large, or its slots are not to be told apart. */
export async function keep(request, sent, response) {
  const headers = new Headers(response.headers);
  const body = await cut(response);
  if (!body) return;
  const page = { ...body, vary: varyingBy(headers, sent), headers, own: ownHeaders(headers), until: Date.now() + lifetime(headers), variants: new Map(), gone: false };
  const others = (pages.get(request.url) ?? []).filter((other) => {
    const replaced = other.vary.every(([name, value]) => sent.get(name) === value);
    if (replaced) letGo(other);
    return !replaced;
  });
  pages.delete(request.url);
  pages.set(request.url, [...others, page]);
  bytes += page.size;
  makeRoom();
}

/** The page as the plan says. What it says of slots to others as well is put together once. */
export function spliced(page, plan, count) {
  const variant = plan.variant;
  let sides = variant && page.variants.get(variant);
  if (variant) count("variants", sides ? "page-used" : "page-made");
  if (!sides) {
    sides = aroundDecision(page, plan);
    if (variant) remember(page, variant, sides);
  }
  const [before, after] = sides;
  const { decision } = plan;
  // It is ASCII: as many bytes as characters.
  const whole = new Uint8Array(before.length + decision.length + after.length);
  whole.set(before);
  encoder.encodeInto(decision, whole.subarray(before.length));
  whole.set(after, before.length + decision.length);
  return whole;
}

// What comes before the decision, and what comes after it.
function aroundDecision(page, plan) {
  const write = insertions(page.headers.get("Content-Type"));
  const sides = [[], []];
  let parts = sides[0];
  // The slot whose own content is left out.
  let inside;
  for (const { bytes: own, decision, attribute, open, close } of page.pieces) {
    // The decision has its place in the head, or at the end: in no slot.
    if (decision) parts = sides[1];
    else if (inside !== undefined) {
      if (close === inside) inside = undefined;
    } else if (own) parts.push(own);
    else {
      const slot = filled(plan, page.slots[attribute ?? open]);
      if (!slot) continue;
      const value = () => write.text(slot.content).replace(/"/g, "&quot;");
      parts.push(encoder.encode(open === undefined ? ` data-waymark-content="${value()}"` : write.markup(slot)));
      inside = open;
    }
  }
  return sides.map(joined);
}

function remember(page, variant, sides) {
  const size = sides[0].length + sides[1].length;
  if (page.gone || size > MOST_BYTES / 8) return;
  page.variants.set(variant, sides);
  page.size += size;
  bytes += size;
  for (const [oldest, [before, after]] of page.variants) {
    if (page.variants.size <= MOST_VARIANTS) break;
    page.variants.delete(oldest);
    page.size -= before.length + after.length;
    bytes -= before.length + after.length;
  }
  makeRoom();
}

function letGo(page) {
  page.gone = true;
  bytes -= page.size;
}

// The last used are last.
function makeRoom() {
  for (const [url, others] of pages) {
    if (bytes <= MOST_BYTES) break;
    pages.delete(url);
    others.forEach(letGo);
  }
}

const filled = (plan, id) => (id !== undefined && Object.hasOwn(plan.slots, id) ? plan.slots[id] : undefined);

// Marks every place where something may be put, and cuts there. `undefined` for a page that is too large, or where an
// element has no end: then what is in it is known only while it is written.
async function cut(response) {
  const mark = `wm${crypto.randomUUID().replaceAll("-", "")}`;
  const slots = [];
  let placed = false;
  let clear = true;
  const marked = new HTMLRewriter()
    .on("head", {
      element(head) {
        if (!placed) head.append(`<!--${mark}d-->`, { html: true });
        placed = true;
      },
    })
    .on("[data-waymark-slot]", {
      element(element) {
        if (element.hasAttribute("data-waymark-content")) clear = false;
        const number = slots.push(element.getAttribute("data-waymark-slot")) - 1;
        element.setAttribute("data-waymark-content", `${mark}a${number}`);
        element.prepend(`<!--${mark}o${number}-->`, { html: true });
        element.append(`<!--${mark}c${number}-->`, { html: true });
      },
    })
    .onDocument({
      end(end) {
        if (!placed) end.append(`<!--${mark}d-->`, { html: true });
      },
    })
    .transform(response);
  const whole = await limited(marked.body, LARGEST);
  if (!whole || !clear) return undefined;
  const pieces = [];
  const text = latin1(whole);
  const places = new RegExp(
    `<!--${mark}(?:(?<decision>d)|o(?<open>\\d+)|c(?<close>\\d+))-->| data-waymark-content="${mark}a(?<attribute>\\d+)"`, "g",
  );
  let from = 0;
  const nested = [];
  for (const place of text.matchAll(places)) {
    if (place.index > from) pieces.push({ bytes: whole.slice(from, place.index) });
    from = place.index + place[0].length;
    const [[kind, number]] = Object.entries(place.groups).filter(([, group]) => group !== undefined);
    pieces.push({ [kind]: kind === "decision" ? true : Number(number) });
    if (kind === "open") nested.push(number);
    if (kind === "close" && nested.pop() !== number) return undefined;
  }
  if (from < whole.length) pieces.push({ bytes: whole.slice(from) });
  const count = (kind) => pieces.filter((piece) => piece[kind] !== undefined).length;
  if (count("decision") !== 1 || ["attribute", "open", "close"].some((kind) => count(kind) !== slots.length)) return undefined;
  const digest = await crypto.subtle.digest("SHA-256", joined(pieces.filter((piece) => piece.bytes).map((piece) => piece.bytes)));
  return { slots, pieces, size: whole.length, tag: hex(new Uint8Array(digest).subarray(0, 8)) };
}

// A character for each byte, whatever the page's encoding is.
function latin1(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8_192) text += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return text;
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const varied = (headers) =>
  (headers.get("Vary") ?? "").toLowerCase().split(",").map((name) => name.trim()).filter((name) => name && name !== "accept-encoding");

/** The request's headers that a page depends on, with what they were. */
const varyingBy = (headers, sent) => varied(headers).map((name) => [name, sent.get(name)]);

// `Cache-Control` by name. A directive with an argument that is said twice counts by its first.
function directives(headers) {
  const said = new Map();
  for (const [, name, quoted, plain] of (headers.get("Cache-Control") ?? "").matchAll(/([\w-]+)(?:\s*=\s*(?:"([^"]*)"|([^\s,]*)))?/g)) {
    if (!said.has(name.toLowerCase())) said.set(name.toLowerCase(), quoted ?? plain ?? "");
  }
  return said;
}

// For how long an answer is fresh yet, in ms: only where it says so itself (RFC 9111, 4.2.1).
function lifetime(headers) {
  const said = directives(headers);
  const age = seconds(headers.get("Age")) ?? 0;
  for (const name of ["s-maxage", "max-age"]) {
    if (said.has(name)) return Math.max(0, (seconds(said.get(name)) ?? 0) - age) * 1_000;
  }
  const expires = Date.parse(headers.get("Expires") ?? "");
  const date = Date.parse(headers.get("Date") ?? "");
  if (Number.isNaN(expires)) return 0;
  return Math.max(0, expires - (Number.isNaN(date) ? Date.now() : date) - age * 1_000);
}

const seconds = (text) => (/^\d+$/.test(text?.trim() ?? "") ? Math.min(Number(text), 31_536_000) : undefined);
