// The edge's module in workerd gives the bytes that the native engine gives.
import assert from "node:assert/strict";
import { test } from "node:test";
import { compare } from "./cases.mjs";

const EDGE = process.env.WAYMARK_EDGE?.replace(/\/$/, "");
/** A case with the packs that were before in the form that the edge takes. */
const sourced = ({ before, ...rest }) =>
  ({ ...rest, before: before.map(({ pack, ...part }) => ({ ...part, pack: pack.source })) });
/** Cases of one request. */
const AT_ONCE = 100;

test("workerd agrees with the native engine, byte for byte", { timeout: 600_000 }, async () => {
  const total = await compare("edge", async (pack, cases) => {
    const results = [];
    for (let at = 0; at < cases.length; at += AT_ONCE) {
      const response = await fetch(`${EDGE}/admin/v1/evaluate`, {
        method: "POST",
        headers: { authorization: `Bearer ${process.env.WAYMARK_ADMIN_TOKEN}` },
        body: JSON.stringify({ pack: pack.source, cases: cases.slice(at, at + AT_ONCE).map(sourced) }),
      });
      assert.equal(response.status, 200, response.status === 200 ? "" : await response.text());
      const answer = await response.json();
      results.push(...answer.cases.map(({ encoded, actions, state }) => ({ decision: encoded, actions, state })));
    }
    return results;
  });
  console.log(`${total} cases are the same in workerd`);
});
