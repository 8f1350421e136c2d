import { randomBytes } from 'node:crypto';

/** Tells this process's own changes from those of others. */
export const INSTANCE = randomBytes(6).toString('hex');

/** Also the name that the database shows for this process's connections. */
export const APPLICATION_NAME = `codex-proxy ${INSTANCE}`;
