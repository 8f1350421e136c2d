import { hash } from 'node:crypto';

/** Opaque tag of an account, for ciphertext that leaves the gateway and comes back: it names the account to nobody else. */
export const accountScope = (accountId: string): string => hash('sha256', `scope:${accountId}`, 'hex').slice(0, 16);
