// As much of S3 as `waymark lake` speaks: list, get, put, delete one and delete many, over files in memory.
import { once } from "node:events";
import { createServer } from "node:http";

const escaped = (text) => text.replace(/[&<>]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[sign]);

/** Starts it: `{ url, files, stop }`. Requests without a signature are refused. */
export async function start(bucket, files = new Map()) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const url = new URL(request.url, "http://bucket");
    const name = decodeURIComponent(url.pathname).replace(`/${bucket}`, "").replace(/^\//, "");
    const answer = (status, text = "") => response.writeHead(status, {
      "Content-Length": Buffer.byteLength(text), ETag: '"1"', "Last-Modified": "Mon, 30 Nov 2026 00:00:00 GMT",
    }).end(text);
    if (!/^AWS4-HMAC-SHA256 Credential=key\//.test(request.headers.authorization ?? "")) return answer(403);
    if (request.method === "GET" && url.searchParams.has("list-type")) {
      const prefix = url.searchParams.get("prefix") ?? "";
      const found = [...files.keys()].filter((key) => key.startsWith(prefix)).sort().map((key) =>
        `<Contents><Key>${escaped(key)}</Key><Size>${files.get(key).length}</Size><ETag>"1"</ETag>` +
        "<LastModified>2026-11-30T00:00:00.000Z</LastModified></Contents>");
      return answer(200, `<ListBucketResult><IsTruncated>false</IsTruncated>${found.join("")}</ListBucketResult>`);
    }
    if (request.method === "GET") return files.has(name) ? answer(200, files.get(name)) : answer(404);
    if (request.method === "PUT") {
      files.set(name, body);
      return answer(200);
    }
    if (request.method === "DELETE") {
      files.delete(name);
      return answer(204);
    }
    const gone = [...body.toString().matchAll(/<Key>(.*?)<\/Key>/g)].map(([, key]) => key);
    for (const key of gone) files.delete(key);
    return answer(200, `<DeleteResult>${gone.map((key) => `<Deleted><Key>${key}</Key></Deleted>`).join("")}</DeleteResult>`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${server.address().port}`, files, stop: () => server.close() };
}
