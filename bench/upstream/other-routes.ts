/** What a gateway may ask besides answers: compaction, models, usage, tokens. */
import { jsonAnswer } from '../payload/framing.ts';
import { MODELS, prepared } from './answers.ts';

const COMPACTION = { type: 'compaction', id: 'cmp_1', encrypted_content: 'gAAAAperf' };
const model = (slug: string) => ({
  slug,
  display_name: slug,
  visibility: 'list',
  supported_in_api: true,
  context_window: 272000,
  minimal_client_version: '0.0.1',
  supported_reasoning_levels: [{ effort: 'low', description: 'low' }],
});
const window = (used: number, seconds: number, after: number, at: number) => ({
  used_percent: used,
  limit_window_seconds: seconds,
  reset_after_seconds: after,
  reset_at: at,
});

const ROUTES: Readonly<Record<string, object>> = {
  '/responses/compact': {
    id: 'resp_cmp_1',
    object: 'response.compaction',
    created_at: 1787000000,
    output: [COMPACTION],
    usage: { input_tokens: 1000, output_tokens: 50, total_tokens: 1050 },
  },
  '/models': { models: Object.keys(MODELS).map(model) },
  '/usage': {
    plan_type: 'plus',
    rate_limit: {
      allowed: true,
      limit_reached: false,
      primary_window: window(12, 18_000, 9_000, 1_890_000_000),
      secondary_window: window(3, 604_800, 400_000, 1_890_400_000),
    },
    credits: { has_credits: false, unlimited: false, balance: '0' },
  },
  '/oauth/token': {
    access_token: 'perf-access',
    refresh_token: 'perf-refresh',
    id_token: 'perf-id',
    token_type: 'Bearer',
    expires_in: 864000,
  },
};

export function otherRoute(path: string): Buffer {
  const route = Object.keys(ROUTES).find((end) => path.endsWith(end));
  if (route === undefined) return prepared('404', () => jsonAnswer('404 Not Found', '{"detail":"Not Found"}'));
  return prepared(route, () => jsonAnswer('200 OK', JSON.stringify(ROUTES[route])));
}
