import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { GatewayProcess } from './gateway-process.js';

const POLL_MS = 20;
const PATIENCE_MS = 20_000;

const PRELOAD = `
import { renameSync, writeFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
process.on('SIGUSR2', () => {
  // Twice: what a buffer holds outside of the heap goes when the buffer has gone.
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(process.env.TEST_LIVE_MEMORY + '.part', String(heapUsed + external));
  renameSync(process.env.TEST_LIVE_MEMORY + '.part', process.env.TEST_LIVE_MEMORY);
});
`;

/**
 * The bytes that a child process really refers to, on its heap and in buffers. Its resident memory also holds what nobody refers
 * to any more; when that is given back depends on how busy the machine is.
 */
export class LiveMemory {
  private readonly dir = mkdtempSync(join(tmpdir(), 'live-memory-'));
  private readonly file = join(this.dir, 'bytes');

  constructor() {
    writeFileSync(join(this.dir, 'live-memory.mjs'), PRELOAD);
  }

  /** For the child process. */
  get env(): Record<string, string> {
    return { TEST_LIVE_MEMORY: this.file, NODE_OPTIONS: `--import=${pathToFileURL(join(this.dir, 'live-memory.mjs')).href}` };
  }

  async bytes({ child }: GatewayProcess): Promise<number> {
    rmSync(this.file, { force: true });
    child.kill('SIGUSR2');
    for (const deadline = Date.now() + PATIENCE_MS; !existsSync(this.file);) {
      if (Date.now() > deadline) throw new Error(`the process has not told its memory in ${PATIENCE_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return Number(readFileSync(this.file, 'utf8'));
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
