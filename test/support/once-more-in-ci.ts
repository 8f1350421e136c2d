import { env } from 'node:process';
import { jest } from '@jest/globals';

// Tests of the whole program wait for real processes, sockets and databases. On a machine shared with others one of hundreds may miss
// its time: there it is run once more, and its first failure is printed. A fault fails both times. Nowhere else, so that races are seen.
if (env.CI) jest.retryTimes(1, { logErrorsBeforeRetry: true });
