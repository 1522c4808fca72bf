// The browser's files, as they were built.

import assets from "waymark-assets";
import { names, problem } from "./answers.js";

/** A file by its path; nothing where there is none. */
export function served(request, path) {
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
