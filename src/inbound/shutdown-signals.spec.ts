import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type INestApplication, Logger } from '@nestjs/common';
import { shutdownOnSignals } from './shutdown-signals.js';

const before = { SIGTERM: process.listeners('SIGTERM'), SIGINT: process.listeners('SIGINT') };

beforeAll(() => Logger.overrideLogger(false));

afterEach(() => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    for (const listener of process.listeners(signal)) if (!before[signal].includes(listener)) process.removeListener(signal, listener);
  }
});

const program = () => {
  const steps: string[] = [];
  let finish = (): void => undefined;
  const drained = new Promise<void>((resolve) => (finish = resolve));
  const drain = {
    drain: () => (steps.push('drain'), drained),
    force: () => (steps.push('force'), finish()),
  };
  const app = { get: () => drain, close: async () => void steps.push('close') } as unknown as INestApplication;
  const exited = new Promise<number>((resolve) => {
    shutdownOnSignals(app, (code) => (steps.push('exit'), resolve(code)));
  });
  return { steps, exited, finish: () => finish() };
};

describe('shutdownOnSignals', () => {
  it('drains, then closes the modules, then exits 0', async () => {
    const { steps, exited, finish } = program();
    process.emit('SIGTERM');
    expect(steps).toEqual(['drain']);
    finish();
    expect(await exited).toBe(0);
    expect(steps).toEqual(['drain', 'close', 'exit']);
  });

  it('cuts what is in flight at the second signal, and still exits 0', async () => {
    const { steps, exited } = program();
    process.emit('SIGINT');
    process.emit('SIGTERM');
    expect(await exited).toBe(0);
    expect(steps).toEqual(['drain', 'force', 'close', 'exit']);
  });

  it('exits 1 when closing fails', async () => {
    const drain = { drain: async () => undefined, force: () => undefined };
    const app = { get: () => drain, close: async () => Promise.reject(new Error('stuck')) } as unknown as INestApplication;
    const exit = new Promise<number>((resolve) => shutdownOnSignals(app, resolve));
    process.emit('SIGTERM');
    expect(await exit).toBe(1);
  });
});
