import { createHash } from 'node:crypto';
import type { AccountEffects } from '../accounts/policy/account-effects.service.js';

export const ciphertextHash = (ciphertext: string): string => createHash('sha256').update(ciphertext).digest('hex');

/** Binds the ciphertext of compaction items to the account that made them: no other account can read it. */
export function rememberCompactions(effects: AccountEffects, items: readonly unknown[], accountId: string): void {
  for (const item of items) {
    const { type, encrypted_content: ciphertext } = (item ?? {}) as { type?: unknown; encrypted_content?: unknown };
    if (typeof type === 'string' && type.includes('compaction') && typeof ciphertext === 'string') {
      effects.rememberCiphertext(ciphertextHash(ciphertext), accountId);
    }
  }
}
