// Of a paired run, how many times as long as ours each engine took.

import { readFileSync } from 'node:fs';

const rows = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const ours = (mode, n) => rows.find((row) => row.engine === 'engine' && row.mode === mode && row.N === n);

let right = true;
for (const mode of ['all', 'slots']) {
  console.log(`\n${mode}: microseconds a decision, and times ours`);
  const table = {};
  for (const row of rows.filter((row) => row.mode === mode)) {
    right &&= row.ok;
    const ratio = row.us_med / ours(mode, row.N).us_med;
    (table[row.engine] ??= {})[`N=${row.N}`] = `${row.us_med.toFixed(2)} (${ratio.toFixed(1)}x)${row.ok ? '' : ' WRONG'}`;
  }
  console.table(table);
}
if (!right) process.exitCode = 1;
