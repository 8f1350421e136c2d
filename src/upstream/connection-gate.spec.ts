import { describe, expect, it } from '@jest/globals';
import { ConnectionGate } from './connection-gate.js';

describe('ConnectionGate', () => {
  it('admits up to the limit, then in the order of arrival', async () => {
    const gate = new ConnectionGate(2, 5000);
    expect([gate.tryEnter(), gate.tryEnter(), gate.tryEnter()]).toEqual([true, true, false]);
    const order: string[] = [];
    const a = gate.enter().then(() => order.push('a'));
    const b = gate.enter().then(() => order.push('b'));
    expect(gate.waiting).toBe(2);
    gate.leave();
    gate.leave();
    await Promise.all([a, b]);
    expect(order).toEqual(['a', 'b']);
    expect(gate).toMatchObject({ active: 2, waiting: 0, timeouts: 0 });
  });

  it('lets nobody overtake those who wait', () => {
    const gate = new ConnectionGate(1, 5000);
    gate.tryEnter();
    void gate.enter();
    gate.leave();
    expect(gate.active).toBe(1);
    expect(gate.tryEnter()).toBe(false);
  });

  it('refuses a call after its time and counts it', async () => {
    const gate = new ConnectionGate(0, 10);
    await expect(gate.enter()).rejects.toMatchObject({ kind: 'queue' });
    expect(gate).toMatchObject({ waiting: 0, timeouts: 1 });
  });

  it('forgets a call that is aborted while it waits', async () => {
    const gate = new ConnectionGate(0, 5000);
    const stop = new AbortController();
    const call = gate.enter(stop.signal);
    stop.abort();
    await expect(call).rejects.toMatchObject({ kind: 'aborted' });
    expect(gate.waiting).toBe(0);
  });

  it('admits those who wait when the limit rises', async () => {
    const gate = new ConnectionGate(1, 5000);
    gate.tryEnter();
    const second = gate.enter();
    gate.setLimit(2);
    await second;
    expect(gate.active).toBe(2);
  });

  it('holds a bounded number of waiting calls', async () => {
    const gate = new ConnectionGate(0, 60_000);
    const waiting = Array.from({ length: 4096 }, () => gate.enter().catch(() => {}));
    await expect(gate.enter()).rejects.toMatchObject({ kind: 'queue' });
    gate.refuseAll(gate.giveUp());
    await Promise.all(waiting);
    expect(gate.waiting).toBe(0);
  });
});
