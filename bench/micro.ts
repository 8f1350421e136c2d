/** Runs the compiled micro benchmarks one after another: `npm run bench:micro [-- selection]`. */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

const COMPILED = join(import.meta.dirname, '../build/micro/bench/micro');
const wanted = process.argv.slice(2);
const files = globSync('**/*.bench.js', { cwd: COMPILED }).filter((file) => !wanted.length || wanted.some((name) => file.includes(name)));

for (const file of files.sort()) {
  console.log(`\n## ${file.replace(/\.bench\.js$/, '')}\n`);
  const { status } = spawnSync(process.execPath, [join(COMPILED, file)], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
if (!files.length) {
  console.error('no such micro benchmark');
  process.exitCode = 2;
}
