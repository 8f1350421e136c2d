/** The dialects that agents can be told to speak. */
export const PROTOCOLS = ['chat', 'responses', 'messages'] as const;
export type Protocol = (typeof PROTOCOLS)[number];
