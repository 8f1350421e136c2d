const HEAD = /^gAAAA[A-Za-z0-9_-]+={0,2}$/;
/** Blobs are long; a foreign one is already told by its beginning, and a damaged one is refused by the backend and then left out. */
const PROBE_LENGTH = 96;

/** Whether `encrypted_content` can be the backend's own; blobs of other vendors are told apart by their first bytes. */
export const isPlausibleCiphertext = (value: unknown): value is string =>
  typeof value === 'string' && HEAD.test(value.slice(0, PROBE_LENGTH));
