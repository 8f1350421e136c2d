import { content } from '../scenario.js';
import { PIXEL, compactionEvents, imageEvents, webSearchEvents } from '../turn-hosted-items.js';
import { messageEvents, pieces } from '../turn-items.js';
import { plainText } from './text.js';

export const HOSTED_SCENARIOS = {
  'web-search': content(function* (context) {
    const { turn, prompt } = context;
    const citation = { type: 'url_citation', end_index: 7, start_index: 0, title: 'Example', url: 'https://example.com/' };
    yield* webSearchEvents(turn, prompt.slice(0, 80));
    yield* messageEvents(turn, pieces(plainText(context)), { annotations: [citation] });
  }),
  image: content(function* ({ turn, prompt, params }) {
    const result = params.has('bytes') ? 'A'.repeat(params.number('bytes', 0)) : PIXEL;
    yield* imageEvents(turn, { prompt, partials: params.number('partials', 1), result });
  }),
  compaction: content(({ turn }) => compactionEvents(turn)),
  /** Items and events that no client knows, then text. */
  unknown: content(function* (context) {
    const { turn } = context;
    const index = turn.takeIndex();
    const id = turn.itemId('hl', index);
    yield turn.itemAdded(index, { id, type: 'hologram_call', status: 'in_progress' });
    yield turn.event('response.hologram_call.projecting', { item_id: id, output_index: index });
    yield turn.itemDone(index, { id, type: 'hologram_call', status: 'completed' });
    yield turn.event('response.weather.changed', { weather: 'sunny' });
    yield* messageEvents(turn, pieces(plainText(context)));
  }),
};
