/** What a signature of a thinking block carries. */
export interface SealedReasoning {
  readonly encryptedContent: string;
  readonly itemId: string;
  readonly model: string;
  readonly scope: string;
}

/** ASCII that needs no escape in JSON. */
export function encodeSignature(_reasoning: SealedReasoning): string {
  throw new Error('in the making');
}

export function decodeSignature(_signature: unknown): { encryptedContent: string; scope: string | null } | null {
  throw new Error('in the making');
}
