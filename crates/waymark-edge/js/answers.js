// What the entry says by itself, and where it says what went wrong.

export function problem(status, code, title, detail, headers) {
  const type = `https://waymark.dev/problems/${code}`;
  return new Response(JSON.stringify({ type, title, status, detail, code }), {
    status,
    headers: { "Content-Type": "application/problem+json", "Cache-Control": "no-store", ...headers },
  });
}

export function unavailable(detail) {
  return problem(503, "unavailable", "A part of the edge did not answer", detail, { "Retry-After": "1" });
}

// A line of JSON for whoever reads the logs: where, what, and how it came there. Never a request: addresses, cookies
// and bodies are people's.
export function log(at, error, more) {
  const [message, ...stack] = String(error?.stack ?? error).split("\n").map((line) => line.trim());
  console.error(JSON.stringify({ level: "error", at, message, ...(stack.length && { stack }), ...more }));
}

/** Whether a header of entity tags names one. */
export function names(header, etag) {
  if (!header || !etag) return false;
  const bare = (tag) => tag.trim().replace(/^W\//, "");
  return header.split(",").some((tag) => tag.trim() === "*" || bare(tag) === bare(etag));
}
