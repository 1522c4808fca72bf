// The shop's own server, as a workerd module: files from site/, with the types and statuses that a
// static host gives them. It knows nothing of Waymark.
const TYPES = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  svg: "image/svg+xml",
};

export default {
  async fetch(request, env) {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response("Method not allowed\n", { status: 405, headers: { allow: "GET, HEAD" } });
    }
    const { pathname } = new URL(request.url);
    const path = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    const found = await file(env, path);
    if (found) return answer(request, found, path, 200);
    const missing = path.startsWith("/zh/") ? "/zh/404.html" : "/404.html";
    return answer(request, await file(env, missing), missing, 404);
  },
};

async function file(env, path) {
  if (!/^[\w./-]+\.\w+$/.test(path)) return null;
  const response = await env.FILES.fetch(`http://files${path}`);
  if (response.ok) return response;
  await response.body?.cancel();
  return null;
}

function answer(request, found, path, status) {
  const type = TYPES[path.slice(path.lastIndexOf(".") + 1)] ?? "application/octet-stream";
  const headers = {
    "content-type": type,
    "cache-control": type.startsWith("text/html") ? "public, max-age=0, must-revalidate" : "public, max-age=300",
    "content-security-policy":
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'",
    "x-content-type-options": "nosniff",
  };
  return new Response(request.method === "HEAD" ? null : found.body, { status, headers });
}
