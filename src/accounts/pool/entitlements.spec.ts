import { describe, expect, it } from '@jest/globals';
import { Entitlements } from './entitlements.js';
import { ModelLists } from './model-lists.js';

describe('Entitlements', () => {
  it('are bounded, since model names come from callers', () => {
    const entitlements = new Entitlements(new ModelLists());
    for (let i = 0; i < 1000; i++) entitlements.refuse(`gpt-${i}`, 10 + i);
    expect([...entitlements.models()]).toHaveLength(32);
    expect([entitlements.excludes('gpt-0'), entitlements.excludes('gpt-999')]).toEqual([false, true]);
  });

  it('end one by one', () => {
    const entitlements = new Entitlements(new ModelLists());
    entitlements.refuse('x', 10);
    entitlements.refuse('y', 20);
    expect(entitlements.nextEnd()).toBe(10);
    entitlements.expire(10);
    expect([entitlements.excludes('x'), entitlements.excludes('y'), entitlements.nextEnd()]).toEqual([false, true, 20]);
  });
});
