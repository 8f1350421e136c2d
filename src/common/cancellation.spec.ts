import { describe, expect, it } from '@jest/globals';
import { CancelSource, type Cancellation } from './cancellation.js';

const told = (signal: Cancellation): string[] => {
  const reasons: string[] = [];
  signal.addEventListener('abort', () => reasons.push(signal.reason.message));
  return reasons;
};

describe('a cancellation', () => {
  it('is told once to everybody who listens, with its first reason', () => {
    const source = new CancelSource();
    const first = told(source);
    const second = told(source);
    expect(source.aborted).toBe(false);
    source.abort(new Error('gone'));
    source.abort(new Error('again'));
    expect([source.aborted, first, second]).toEqual([true, ['gone'], ['gone']]);
  });

  it('is told to functions and objects, once each, and not to those who listen no more or too late', () => {
    const source = new CancelSource();
    const calls: string[] = [];
    const object = { handleEvent: () => void calls.push('object') };
    const leaves = (): void => void calls.push('left');
    for (const listener of [object, leaves, object]) source.addEventListener('abort', listener);
    source.removeEventListener('abort', leaves);
    source.removeEventListener('abort', leaves);
    source.abort();
    source.addEventListener('abort', () => void calls.push('late'));
    expect(calls).toEqual(['object']);
  });

  it('reaches all, though some leave when they hear of it', () => {
    const source = new CancelSource();
    const calls: number[] = [];
    const listeners = [0, 1, 2].map((at) => (): void => {
      calls.push(at);
      for (const listener of listeners) source.removeEventListener('abort', listener);
    });
    for (const listener of listeners) source.addEventListener('abort', listener);
    source.abort();
    expect(calls).toEqual([0, 1, 2]);
  });

  it.each([
    ['one of its own', () => new CancelSource(), (outer: CancelSource | AbortController) => outer.abort(new Error('left'))],
    ['one of the platform', () => new AbortController(), (outer: CancelSource | AbortController) => outer.abort(new Error('left'))],
  ])('follows %s, before and after it was aborted', (_name, make, abort) => {
    const outer = make();
    const signal: Cancellation = outer instanceof CancelSource ? outer : outer.signal;
    const source = new CancelSource().follow(signal);
    const reasons = told(source);
    abort(outer);
    expect([source.aborted, reasons]).toEqual([true, ['left']]);
    expect(new CancelSource().follow(signal).reason).toEqual(new Error('left'));
  });

  it('leaves the one it follows alone, and keeps nothing there', () => {
    const outer = new CancelSource();
    const source = new CancelSource().follow(outer);
    const reasons = told(source);
    source.abort(new Error('own'));
    outer.abort(new Error('outer'));
    expect([reasons, source.reason.message, outer.reason.message]).toEqual([['own'], 'own', 'outer']);
  });
});
