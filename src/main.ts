#!/usr/bin/env node
// Nothing may be imported statically here: on an older Node the rest of the program does not even parse.
import process from 'node:process';

const MINIMUM = 24;
const major = Number(process.versions.node.split('.')[0]);

if (major < MINIMUM) {
  process.stderr.write(
    `codex-proxy needs Node ${MINIMUM} or newer (this is ${process.version}): type "npm start", which brings its own.\n`,
  );
  process.exitCode = 1;
} else {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  // A request runs through hundreds of functions once each. V8's default of 3000 runs leaves them half optimised for the first minutes
  // of a busy process (`npm run bench`).
  const { setFlagsFromString } = await import('node:v8');
  setFlagsFromString('--invocation-count-for-turbofan=300');
  const { limitYoungGeneration } = await import('./common/young-generation.js');
  limitYoungGeneration();
  const { run } = await import('./cli/run.js');
  const code = await run(process.argv.slice(2), process.env);
  if (code !== undefined) process.exitCode = code;
}
