import { randomBytes } from 'node:crypto';

const PREFIX = `req_${randomBytes(9).toString('hex')}`;
let count = 0;

/**
 * The id of one request: a random part per process and a counter, because a call into the random source for every
 * request would cost more than routing it. An id that a client sends is never taken over: it could forge log lines
 * of others.
 */
export const nextRequestId = (): string => PREFIX + (count++).toString(36).padStart(6, '0');
