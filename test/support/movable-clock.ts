import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewayProcess } from './gateway-process.js';

const PRELOAD = `
import { readFileSync } from 'node:fs';
const file = process.env.TEST_CLOCK_FILE;
const Real = Date;
let offset = 0;
const look = () => { offset = Number(readFileSync(file, 'utf8')) || 0; };
look();
process.on('SIGUSR2', look);
globalThis.Date = class extends Real {
  constructor(...args) { args.length === 0 ? super(Real.now() + offset) : super(...args); }
  static now() { return Real.now() + offset; }
};
`;

/** The wall clock of a child process, apart from this one's; its timers go on as they do when a machine's clock is set. */
export class MovableClock {
  private readonly dir = mkdtempSync(join(tmpdir(), 'clock-'));
  private readonly file = join(this.dir, 'offset');

  constructor(offsetMs = 0) {
    writeFileSync(this.file, String(offsetMs));
    writeFileSync(join(this.dir, 'clock.mjs'), PRELOAD);
  }

  /** For the child process. */
  get env(): Record<string, string> {
    return { TEST_CLOCK_FILE: this.file, NODE_OPTIONS: `--import ${join(this.dir, 'clock.mjs')}` };
  }

  set({ child }: GatewayProcess, offsetMs: number): void {
    writeFileSync(this.file, String(offsetMs));
    child.kill('SIGUSR2');
  }

  close(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
