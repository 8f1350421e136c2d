import { expect, it } from '@jest/globals';
import { collectGarbage } from './collect-garbage.js';

it('frees what nothing refers to, before it resolves', async () => {
  let garbage: object | null = { big: 'x'.repeat(1000) };
  const reference = new WeakRef(garbage);
  garbage = null;
  // A WeakRef holds its target until the current job ends.
  await new Promise((resolve) => setImmediate(resolve));
  await collectGarbage();
  expect(reference.deref()).toBeUndefined();
});
