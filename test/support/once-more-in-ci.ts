import { env } from 'node:process';
import { jest } from '@jest/globals';

// The tests wait for real processes, sockets, collections and databases. On a machine shared with others one of thousands may miss its
// time: there it is run once more, and its first failure is printed. A fault fails both times. Nowhere else, so that races are seen.
if (env.CI) jest.retryTimes(1, { logErrorsBeforeRetry: true });
