import type { ValueTransformer } from 'typeorm';

/** Instants are `bigint` epoch milliseconds; Postgres returns bigint as text, SQLite as a number. */
export const epochMs: ValueTransformer = {
  to: (value: number) => value,
  from: (value: string | number) => Number(value),
};

/** Counts may outgrow 32 bits; beyond 2^53 they would be rounded. */
export const bigCount: ValueTransformer = epochMs;
