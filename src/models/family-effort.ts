/** Small models of another vendor, which clients use for titles, probes and summaries: quick answers matter, thought does not. */
const SMALL = /^(?:claude|anthropic)\b.*haiku/i;

/** The effort a name's family is used with where the client asks for none; null: the backend's own choice. */
export const familyEffort = (name: string): 'low' | null => (SMALL.test(name) ? 'low' : null);
