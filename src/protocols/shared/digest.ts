import { hash } from 'node:crypto';

/** SHA-256 in hex, 64 characters. */
export const sha256 = (text: string): string => hash('sha256', text, 'hex');
