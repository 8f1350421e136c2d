import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { armCrashPoint, crashPoint } from './crash-points.js';

describe('a crash point', () => {
  afterEach(() => {
    armCrashPoint({});
    jest.restoreAllMocks();
  });

  it.each([
    ['nothing', {}, false],
    ['the variable alone', { TEST_CRASH_AT: 'after-intent' }, false],
    ['another environment', { NODE_ENV: 'production', TEST_CRASH_AT: 'after-intent' }, false],
    ['another point', { NODE_ENV: 'test', TEST_CRASH_AT: 'after-commit' }, false],
    ['the point in a test', { NODE_ENV: 'test', TEST_CRASH_AT: 'after-intent' }, true],
  ])('ends the process with %s: %j → %s', (_, env, ends) => {
    const kill = jest.spyOn(process, 'kill').mockReturnValue(true);
    armCrashPoint(env);
    crashPoint('after-intent');
    expect(kill.mock.calls).toEqual(ends ? [[process.pid, 'SIGKILL']] : []);
  });
});
