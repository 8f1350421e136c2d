import { JsonObject } from './json.js';
import { Turn } from './turn.js';

type Events = Generator<JsonObject, void, void>;

/** A web search that the backend runs itself. */
export function* webSearchEvents(turn: Turn, query: string): Events {
  const index = turn.takeIndex();
  const id = turn.itemId('ws', index);
  const at = { item_id: id, output_index: index };
  yield turn.itemAdded(index, { id, type: 'web_search_call', status: 'in_progress' });
  for (const step of ['in_progress', 'searching', 'completed']) yield turn.event(`response.web_search_call.${step}`, at);
  yield turn.itemDone(index, { id, type: 'web_search_call', status: 'completed', action: { type: 'search', queries: [query], query } });
}

/** A 1×1 PNG. */
export const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';

export interface ImageOptions {
  readonly prompt: string;
  readonly partials: number;
  /** Base64 of the picture. */
  readonly result: string;
}

export function* imageEvents(turn: Turn, { prompt, partials, result }: ImageOptions): Events {
  const index = turn.takeIndex();
  const id = turn.itemId('ig', index);
  const at = { item_id: id, output_index: index };
  const look = { background: 'opaque', output_format: 'png', quality: 'low', size: '1024x1024' };
  yield turn.itemAdded(index, { id, type: 'image_generation_call', status: 'in_progress' });
  yield turn.event('response.image_generation_call.in_progress', at);
  yield turn.event('response.image_generation_call.generating', at);
  for (let i = 0; i < partials; i++) {
    yield turn.event('response.image_generation_call.partial_image', {
      ...at,
      ...look,
      partial_image_b64: PIXEL,
      partial_image_index: i,
    });
  }
  yield turn.event('response.image_generation_call.completed', at);
  const done = { id, type: 'image_generation_call', status: 'completed', ...look, result, revised_prompt: prompt };
  yield turn.itemDone(index, done);
}

/** The answer to a trailing `compaction_trigger`: exactly one item. */
export function* compactionEvents(turn: Turn): Events {
  const index = turn.takeIndex();
  const id = turn.itemId('cmp', index);
  yield turn.itemAdded(index, { id, type: 'compaction' });
  turn.outputTokens += 128;
  yield turn.itemDone(index, { id, type: 'compaction', encrypted_content: turn.facts.seal(id, 48) });
}
