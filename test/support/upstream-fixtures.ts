import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DeltaShapes } from '../../src/upstream/delta-shape.js';
import { RepeatedEvents } from '../../src/upstream/repeated-events.js';
import { SseDecoder } from '../../src/upstream/sse-decoder.js';
import { JsonObject, UpstreamEvent } from '../../src/upstream/upstream-event.js';

const DIR = join(import.meta.dirname, '../fixtures/upstream');

export const fixtureNames = (): string[] => readdirSync(DIR).map((name) => name.replace(/\.jsonl$/, ''));

export const readFixture = (name: string): JsonObject[] =>
  readFileSync(join(DIR, `${name}.jsonl`), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as JsonObject);

const frame = (json: JsonObject): string => `event: ${String(json.type)}\ndata: ${JSON.stringify(json)}\n\n`;

/** Events as they come out of the decoder. `hot`: with the literals of deltas, whose shapes it learns from a first reading. */
export function decodeEvents(script: readonly JsonObject[], hot = true): readonly UpstreamEvent[] {
  if (!hot) {
    const repeated = new RepeatedEvents();
    return script.map((json) => UpstreamEvent.of(json as JsonObject & { type: string })).filter((event) => !repeated.has(event));
  }
  const bytes = Buffer.from(script.map(frame).join(''));
  const shapes = new DeltaShapes();
  new SseDecoder(undefined, shapes).push(bytes);
  return new SseDecoder(undefined, shapes).push(bytes);
}

/** Frames → the JSON of their events; fails on anything that is no frame of the usual form. */
export function readFrames(bytes: string): JsonObject[] {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  if (text === '') return [];
  if (!text.endsWith('\n\n')) throw new Error(`unfinished frame: ${text.slice(-80)}`);
  return text
    .slice(0, -2)
    .split('\n\n')
    .filter((block) => !block.startsWith(':'))
    .map((block) => {
      const found = /^event: ([^\n]*)\ndata: ([^\n]*)$/.exec(block);
      if (!found) throw new Error(`not a frame: ${block}`);
      const json = JSON.parse(found[2]!) as JsonObject;
      if (json.type !== found[1]) throw new Error(`event ${found[1]} carries ${String(json.type)}`);
      return json;
    });
}
