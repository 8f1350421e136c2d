import type { JsonObject } from '../../upstream/upstream-event.js';

/** What the request says about its reply. */
export interface ResponsesReply {
  /** The model name that the client used. */
  readonly model: string;
  /** The name that upstream knows it by. */
  readonly slug: string;
  /** Official Codex clients get internal events, and keep-alives that are events. */
  readonly codexClient: boolean;
  /** Members that upstream never saw and the reply shows as the client sent them. */
  readonly echo: JsonObject;
  /** Members of the request that a Response repeats, for answers in which upstream leaves them out. */
  readonly asked: JsonObject;
  /** Used if upstream names none: response id, and epoch seconds. */
  readonly fallbackId: string;
  readonly createdAt: number;
}
