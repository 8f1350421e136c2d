import { Injectable, Logger } from '@nestjs/common';
import { PUBLIC_EVENTS } from '../upstream/public-events.js';

/** What the backend sends beside the events of the public API, and its other names of an end. */
const OWN_EVENTS = /^(?:|error|keepalive|codex\..*|response\.(?:metadata|cancelled|done))$/;
const isKnown = (type: string): boolean => PUBLIC_EVENTS.has(type) || OWN_EVENTS.test(type);

const MAX_TYPES = 200;

/** Notices when the backend begins to speak differently: event types nobody knows, frames that are no JSON. Each is counted, and told once. */
@Injectable()
export class StreamOddities {
  private readonly logger = new Logger('Upstream');
  readonly #unknown = new Map<string, number>();
  #malformed = 0;

  /** How often each unknown type came, and how many frames were damaged. */
  get counts(): { readonly unknown: ReadonlyMap<string, number>; readonly malformed: number } {
    return { unknown: this.#unknown, malformed: this.#malformed };
  }

  see(type: string): void {
    if (isKnown(type)) return;
    const seen = this.#unknown.get(type) ?? 0;
    if (seen === 0 && this.#unknown.size >= MAX_TYPES) return;
    this.#unknown.set(type, seen + 1);
    if (seen === 0) this.logger.warn({ msg: 'upstream sends an event of an unknown type', type: type.slice(0, 100) });
  }

  malformed(frames: number, requestId: string): void {
    if (frames === 0) return;
    this.#malformed += frames;
    this.logger.warn({ msg: 'upstream sent frames that are not JSON; they were left out', frames, requestId });
  }
}
