/** The connections of a floor to the fake backend. */
import { Pool } from 'undici';

const base = new URL(process.env.UPSTREAM ?? 'http://127.0.0.1:18090/backend-api/codex');

export const port = Number(process.env.PORT ?? 18080);
export const path = `${base.pathname.replace(/\/$/, '')}/responses`;
export const pool = new Pool(base.origin, { connections: null, pipelining: 1, headersTimeout: 0, bodyTimeout: 0 });
