// What stands behind the edge.

import { log, names, problem, unavailable } from "./answers.js";
import { count } from "./module.js";

/** As long as the platform waits for an origin. */
const ORIGIN_SECONDS = 100;
/** The visitor's, and what of their profile spares a page its shard. The origin is not sent them. */
const COOKIES = ["wm_v", "wm_s"];

// The request's headers without our cookies.
export function passedOn(request) {
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
export function unconditional(request) {
  const headers = passedOn(request);
  for (const name of ["If-None-Match", "If-Modified-Since", "If-Range", "Range"]) headers.delete(name);
  // What a client says of itself would be in a page that others get.
  const client = headers.get("CF-Connecting-IP");
  if (client) for (const name of ["X-Forwarded-For", "X-Real-IP"]) headers.set(name, client);
  headers.set("Accept-Encoding", "identity");
  return headers;
}

export async function origin(request, env, headers) {
  const deadline = new AbortController();
  const seconds = Number(env.ORIGIN_SECONDS) || ORIGIN_SECONDS;
  const timer = setTimeout(() => deadline.abort(), seconds * 1_000);
  try {
    // Until it begins to answer: what comes then may take its time.
    return await asked(request, env, headers, deadline.signal);
  } catch (error) {
    log("origin", error);
    count("failures", "origin");
    if (deadline.signal.aborted) {
      const detail = `The site behind the edge did not begin to answer within ${seconds} seconds. Try again.`;
      return problem(504, "origin-late", "The origin did not answer in time", detail, { "Retry-After": "10" });
    }
    const detail = "The site behind the edge could not be reached. Try again.";
    return problem(502, "origin-unreachable", "The origin did not answer", detail, { "Retry-After": "1" });
  } finally {
    clearTimeout(timer);
  }
}

function asked(request, env, headers, signal) {
  const url = new URL(request.url);
  headers.set("X-Forwarded-Host", url.host);
  headers.set("X-Forwarded-Proto", url.protocol.slice(0, -1));
  if (env.ORIGIN) {
    return env.ORIGIN.fetch(new Request(request, { headers, redirect: "manual", signal }));
  }
  if (!env.ORIGIN_URL) {
    return unavailable("No origin is set: bind ORIGIN, or set the variable ORIGIN_URL.");
  }
  const target = new URL(env.ORIGIN_URL);
  url.protocol = target.protocol;
  url.host = target.host;
  // A host without a port leaves the old one in place.
  url.port = target.port;
  return fetch(new Request(new Request(url, request), { headers, redirect: "manual", signal }));
}

// An answer of the origin's, with its redirects to itself pointing here.
export function returned(response, request, env) {
  const location = response.headers.get("Location");
  if (!location || env.ORIGIN || !env.ORIGIN_URL) return response;
  const own = new URL(env.ORIGIN_URL).origin;
  if (location !== own && !location.startsWith(`${own}/`)) return response;
  const here = new Response(response.body, response);
  here.headers.set("Location", new URL(request.url).origin + location.slice(own.length));
  return here;
}

// The visitor's copy is the origin's page as it is: say so, as the origin would have.
export function fresh(response, request) {
  if (response.status !== 200) return response;
  if (!names(request.headers.get("If-None-Match"), response.headers.get("ETag"))) return response;
  response.body?.cancel();
  const headers = new Headers(response.headers);
  for (const name of ["Content-Length", "Content-Type", "Content-Encoding"]) headers.delete(name);
  return new Response(null, { status: 304, headers });
}
