import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from '@jest/globals';
import { LineOutput } from './line-output.js';

const dir = mkdtempSync(join(tmpdir(), 'line-output-'));
afterAll(() => rmSync(dir, { recursive: true }));
const MODULE = join(import.meta.dirname, 'line-output.ts');
/** A program that writes lines to its standard output and says on standard error that it still runs. */
const program = (body: string): string[] => [
  '--disable-warning=ExperimentalWarning',
  '--input-type=module-typescript',
  '-e',
  `import { LineOutput } from ${JSON.stringify(MODULE)}; const out = new LineOutput(1); process.on('exit', () => out.flushSync()); ${body}`,
];

describe('LineOutput', () => {
  it('writes every line in order, also those that are left at the end of the process', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, program('for (let i = 0; i < 5000; i++) out.write(`line ${i}\\n`);'));
    expect(stdout).toBe(Array.from({ length: 5000 }, (_, i) => `line ${i}\n`).join(''));
  });

  it('writes to a file as well', () => {
    const file = join(dir, 'log');
    const out = new LineOutput(openSync(file, 'w'));
    out.write('é\n');
    out.flushSync();
    expect(readFileSync(file, 'utf8')).toBe('é\n');
  });

  it('goes on and ends well when its reader has gone', async () => {
    const child = spawn(
      process.execPath,
      program("setTimeout(() => { out.write('x\\n'); out.flushSync(); out.write('y\\n'); console.error('alive'); }, 100);"),
    );
    child.stdout.destroy();
    let errors = '';
    child.stderr.on('data', (text) => (errors += String(text)));
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect({ code, errors }).toEqual({ code: 0, errors: 'alive\n' });
  });

  it('does not wait for a reader that does not read', async () => {
    const child = spawn(
      process.execPath,
      program("for (let i = 0; i < 200; i++) out.write('z'.repeat(9_000) + '\\n'); console.error('alive');"),
    );
    let errors = '';
    child.stderr.on('data', (text) => (errors += String(text)));
    child.stdout.pause();
    await new Promise((resolve) => child.stderr.once('data', resolve));
    expect(errors).toBe('alive\n');
    child.kill('SIGKILL');
  });
});
