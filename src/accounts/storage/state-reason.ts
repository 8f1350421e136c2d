const INFERRED = 'inferred:';

/**
 * Reason of a state that was inferred from statuses: the account may come back by itself when the backend takes it again. Every other
 * reason (a code that names the credential as lost, an operator's word, a file) stays until a person or a new login ends it.
 */
export const inferredReason = (code: string): string => INFERRED + code;

export const isInferred = (reason: string): boolean => reason.startsWith(INFERRED);

/** Matches such reasons in SQL (`LIKE`). */
export const INFERRED_PATTERN = `${INFERRED}%`;
