import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { KeepAliveTicker, type KeepAliveTarget } from './keep-alive-ticker.js';

const target = (): KeepAliveTarget & { calls: number } => ({
  place: 0,
  lastTick: 0,
  calls: 0,
  keepAlive() {
    this.calls++;
  },
});

describe('KeepAliveTicker', () => {
  beforeEach(() => void jest.useFakeTimers());
  afterEach(() => void jest.useRealTimers());

  it('wakes a target after a silent interval and leaves a busy one alone', () => {
    const ticker = new KeepAliveTicker(15_000);
    const silent = target();
    const busy = target();
    ticker.add(silent);
    ticker.add(busy);
    for (let second = 1; second <= 15; second++) {
      jest.advanceTimersByTime(1_000);
      busy.lastTick = ticker.tick;
    }
    expect([silent.calls, busy.calls]).toEqual([1, 0]);
  });

  it('has one timer, and none without targets', () => {
    const ticker = new KeepAliveTicker(15_000);
    const targets = [target(), target(), target()];
    for (const one of targets) ticker.add(one);
    expect(jest.getTimerCount()).toBe(1);
    for (const one of targets) ticker.delete(one);
    ticker.delete(targets[0]!);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('does nothing when the interval is 0', () => {
    const ticker = new KeepAliveTicker(0);
    ticker.add(target());
    expect(jest.getTimerCount()).toBe(0);
  });
});
