import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { machine } from '../meter/proc-tree.ts';

/** Waits up to 30 s for the rest of the machine to use less than so many per cent of one core. */
export async function untilQuiet(noisePercent: number): Promise<void> {
  let before = machine().busy;
  for (let i = 0; i < 60; i++) {
    await sleep(500);
    const now = machine().busy;
    if ((now - before) / 5 < noisePercent) return;
    before = now;
  }
}

/** A yardstick for comparing runs of different days: loops of integer arithmetic in 300 ms. */
export function speed(): number {
  let n = 0;
  for (const end = performance.now() + 300; performance.now() < end; n++) for (let i = 0, x = 1; i < 1000; i++) x = (x * 31 + i) | 0;
  return n;
}

export interface MachineInfo {
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  readonly memory: number;
  /** At the start and at the end of the run. */
  readonly speeds: readonly number[];
}

export const machineInfo = (speeds: readonly number[]): MachineInfo => ({
  cpu: os.cpus()[0]?.model ?? 'unknown',
  cores: os.cpus().length,
  kernel: os.release(),
  memory: os.totalmem(),
  speeds,
});
