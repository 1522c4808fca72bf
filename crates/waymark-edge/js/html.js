// What is put into pages, and into which.

/** What is told of the page as the origin has it, and is not true of anybody's own. */
const OF_THE_ORIGINAL = [
  "Content-Length", "ETag", "Last-Modified", "Accept-Ranges", "Age", "Expires",
  "Content-Digest", "Repr-Digest", "Digest", "Content-MD5", "Signature", "Signature-Input",
];
/** What tells caches on the way how long they may keep a page, whatever `Cache-Control` says (RFC 9213 and before it). */
export const FOR_CACHES = /(^|-)(cdn-cache-control|surrogate-control|edge-control|accel-expires|litespeed-cache-control)$/i;

/** Bytes of a page that is changed on its way: a larger one would take the platform's time for it. */
const LARGEST = 8 * 1024 * 1024;

/** Whether a page can be changed: HTML in an encoding that ASCII can be written into, and not a book. */
export function canChange(response) {
  const type = response.headers.get("Content-Type") ?? "";
  return (
    response.status === 200 &&
    response.body !== null &&
    !(Number(response.headers.get("Content-Length")) > LARGEST) &&
    /^\s*text\/html\s*(;|$)/i.test(type) &&
    !/charset\s*=\s*"?\s*utf-?(16|32)/i.test(type) &&
    !response.headers.has("Content-Encoding") &&
    !response.headers.has("Content-Range") &&
    !/(^|[\s,])no-transform([\s,]|$)/i.test(response.headers.get("Cache-Control") ?? "")
  );
}

/** How text and content are written into a page of a type. */
export function insertions(type) {
  // Where the encoding is not known to be UTF-8, what is inserted is written in ASCII.
  const utf8 = /charset\s*=\s*"?\s*utf-?8/i.test(type);
  const text = (plain) => (utf8 ? escaped(plain) : references(escaped(plain)));
  const markup = ({ html, body }) => {
    if (!html) return text(body);
    return utf8 ? body : references(body);
  };
  return { text, markup };
}

/** The page's headers, once it is one visitor's. */
export function ownHeaders(original) {
  const headers = new Headers(original);
  for (const name of OF_THE_ORIGINAL) headers.delete(name);
  for (const name of [...headers.keys()]) if (FOR_CACHES.test(name)) headers.delete(name);
  headers.set("Cache-Control", "private, no-cache");
  if (!/(^|[\s,])(cookie|\*)([\s,]|$)/i.test(headers.get("Vary") ?? "")) headers.append("Vary", "Cookie");
  return headers;
}

/** The page on its way through, changed as the plan says. */
export function changed(response, plan) {
  const write = insertions(response.headers.get("Content-Type"));
  const { decision } = plan;
  let placed = false;
  const rewriter = new HTMLRewriter()
    .on("head", {
      element(head) {
        if (!placed) head.append(decision, { html: true });
        placed = true;
      },
    })
    .on("[data-waymark-slot]", {
      element(element) {
        const id = element.getAttribute("data-waymark-slot");
        if (!Object.hasOwn(plan.slots, id)) return;
        const slot = plan.slots[id];
        element.setAttribute("data-waymark-content", write.text(slot.content));
        element.setInnerContent(write.markup(slot), { html: true });
      },
    })
    .onDocument({
      end(end) {
        if (!placed) end.append(decision, { html: true });
      },
    });
  const { status, statusText } = response;
  const headers = ownHeaders(response.headers);
  if (plan.cookie) headers.append("Set-Cookie", plan.cookie);
  return rewriter.transform(new Response(response.body, { status, statusText, headers }));
}

function escaped(text) {
  return text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);
}

// Everything beyond ASCII as character references.
function references(html) {
  return html.replace(/[\u{80}-\u{10ffff}]/gu, (sign) => `&#${sign.codePointAt(0)};`);
}
