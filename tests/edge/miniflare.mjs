// The built worker with a bucket and a database, which bare workerd does not have.
import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Miniflare } from "miniflare";
import { DEMO } from "./workerd.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DIST = join(ROOT, "dist/edge");

/** Starts it, with budgets of requests if told: `{ url, files, rows, copy, stop }`. */
export async function start({ vars, ratelimits }) {
  const modules = [{ type: "ESModule", path: join(DIST, "index.js") }, { type: "CompiledWasm", path: join(DIST, "index_bg.wasm") }];
  for (const name of await readdir(join(DIST, "assets"))) modules.push({ type: "Data", path: join(DIST, "assets", name) });
  const [, date] = /^compatibility_date = "(.*)"/m.exec(await readFile(join(ROOT, "wrangler.toml"), "utf8"));
  const folder = await mkdtemp(join(tmpdir(), "waymark-lake-"));
  const host = new Miniflare({
    host: "127.0.0.1",
    cf: false,
    modules,
    modulesRoot: DIST,
    compatibilityDate: date,
    bindings: { ...DEMO, ...vars },
    durableObjects: {
      SHARD: { className: "Shard", useSQLite: true },
      REGISTRY: { className: "Registry", useSQLite: true },
    },
    r2Buckets: ["LAKE"],
    d1Databases: ["REPORTS"],
    ratelimits,
  });
  const url = (await host.ready).origin;
  const bucket = await host.getR2Bucket("LAKE");
  const reports = await host.getD1Database("REPORTS");
  const names = async () => {
    const all = [];
    for (let cursor; ;) {
      const page = await bucket.list({ cursor });
      all.push(...page.objects.map(({ key }) => key));
      if (!page.truncated) return all;
      cursor = page.cursor;
    }
  };
  return {
    url,
    /** Names of the lake's files that begin so. */
    files: async (prefix) => (await names()).filter((name) => name.startsWith(prefix)),
    /** What a query of the reports' database gives. */
    rows: async (query) => (await reports.prepare(query).all()).results,
    /** The lake as a folder. */
    async copy() {
      const lake = await mkdtemp(join(folder, "lake-"));
      for (const name of await names()) {
        const file = join(lake, name);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, Buffer.from(await (await bucket.get(name)).arrayBuffer()));
      }
      return lake;
    },
    async stop() {
      await host.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
