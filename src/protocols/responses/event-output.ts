import type { JsonObject, UpstreamEvent } from '../../upstream/upstream-event.js';

/** Where the transcript's events go: into frames, or nowhere (a JSON answer needs only the end). `preamble`: it carries no output. */
export interface EventOutput {
  /** An event of upstream's, as it came. */
  pass(event: UpstreamEvent, preamble: boolean): void;
  /** An event of upstream's whose content had to be changed. */
  rewrite(json: JsonObject, preamble: boolean): void;
  /** An event that upstream left out. */
  insert(json: JsonObject, preamble: boolean): void;
}

export const NO_OUTPUT: EventOutput = {
  pass: () => undefined,
  rewrite: () => undefined,
  insert: () => undefined,
};
