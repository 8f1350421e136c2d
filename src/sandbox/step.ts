import { JsonObject } from './json.js';
import { Refusal } from './refusal.js';

/** What an answer is made of, in order. An answer whose steps end closes cleanly. */
export type Step =
  /** Status 200 and the headers of a stream; implied by the first event. */
  | { readonly do: 'headers' }
  | { readonly do: 'event'; readonly json: JsonObject }
  /** Bytes of the body as they are. */
  | { readonly do: 'raw'; readonly bytes: string | Buffer }
  /** Bytes on the socket as they are, status line included; nothing else may be sent then. */
  | { readonly do: 'socket'; readonly bytes: string | Buffer }
  | { readonly do: 'wait'; readonly ms: number }
  /** Nothing more, until the client leaves or the backend closes. */
  | { readonly do: 'hang' }
  /** The connection is broken. */
  | { readonly do: 'reset' }
  /** A complete answer that is not a stream. */
  | { readonly do: 'reply'; readonly refusal: Refusal };

export const event = (json: JsonObject): Step => ({ do: 'event', json });
export const raw = (bytes: string | Buffer): Step => ({ do: 'raw', bytes });
export const wait = (ms: number): Step => ({ do: 'wait', ms });
export const reply = (refusal: Refusal): Step => ({ do: 'reply', refusal });
