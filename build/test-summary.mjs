// Sums the results of all runners: the ten slowest tests, what was skipped and why, and the closing line.
import { readFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';

const folder = process.argv[2];
const sum = { passed: 0, failed: 0, skipped: 0 };
const tests = [];

for (const project of ['UnitTests', 'FunctionalTests', 'EndToEndTests']) {
  const file = join(folder, `${project}.json`);
  if (!existsSync(file)) {
    console.log(`${project} wrote no results: it did not run to its end.`);
    sum.failed++;
    continue;
  }
  const { results } = JSON.parse(readFileSync(file, 'utf8'));
  if (results.tests.length === 0) {
    console.log(`${project} ran no test.`);
    sum.failed++;
  }
  tests.push(...results.tests);
  for (const test of results.tests) sum[test.status in sum ? test.status : test.status === 'pending' ? 'skipped' : 'failed']++;
}

const native = readFileSync(join(folder, 'native.txt'), 'utf8').match(/^(\d+) passed, (\d+) failed, (\d+) skipped$/m);
if (native) [sum.passed, sum.failed, sum.skipped] = [sum.passed + +native[1], sum.failed + +native[2], sum.skipped + +native[3]];
else {
  console.log('The native tests printed no closing line: they did not run to their end.');
  sum.failed++;
}

for (const test of tests.filter(test => test.status === 'failed')) console.log(`FAILED ${test.name}\n${test.message ?? ''}`);
const skipped = tests.filter(test => test.status === 'skipped' || test.status === 'pending');
for (const test of skipped) console.log(`SKIPPED ${test.name}: ${test.message ?? 'no reason given'}`);

console.log('The ten slowest:');
for (const test of tests.sort((a, b) => b.duration - a.duration).slice(0, 10))
  console.log(`  ${(test.duration / 1000).toFixed(1).padStart(6)} s  ${test.name}`);

if (process.env.CI && skipped.length > 0) {
  console.log('In CI no test may be skipped.');
  sum.failed += skipped.length;
  sum.skipped -= skipped.length;
}
console.log(`${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exit(sum.failed > 0 || sum.passed === 0 ? 1 : 0);
