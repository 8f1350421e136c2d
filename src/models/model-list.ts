import { GatewayError, invalidRequest } from '../common/gateway-error.js';

/** One line of the model list, before it takes a dialect's shape. */
export interface ListedModel {
  readonly id: string;
  readonly displayName: string;
  readonly available: boolean;
  /** 0: unknown. */
  readonly contextWindow: number;
}

/** The vendors' lists carry a date of publication; nobody tells it here, so every model has the same one. */
const CREATED = 1_754_524_800;

/** `context_window` is no member of the vendor's shape; clients that know it need not guess. */
export const openAiModel = ({ id, available, contextWindow }: ListedModel): object => ({
  id,
  object: 'model',
  created: CREATED,
  owned_by: 'openai',
  ...(contextWindow > 0 && { context_window: contextWindow }),
  ...(!available && { available: false }),
});

export const anthropicModel = ({ id, displayName, available, contextWindow }: ListedModel): object => ({
  type: 'model',
  id,
  display_name: displayName,
  created_at: new Date(CREATED * 1000).toISOString().replace('.000Z', 'Z'),
  ...(contextWindow > 0 && { max_input_tokens: contextWindow }),
  ...(!available && { available: false }),
});

export interface PageQuery {
  readonly limit?: string;
  readonly after_id?: string;
  readonly before_id?: string;
}

const MAX_PAGE = 1000;
const DEFAULT_PAGE = 20;

function readLimit(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_PAGE;
  const limit = Number(text);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
    throw invalidRequest(`limit: expected an integer between 1 and ${MAX_PAGE}`, 'limit');
  }
  return limit;
}

function cursor(models: readonly ListedModel[], id: string, param: 'after_id' | 'before_id'): number {
  const at = models.findIndex((model) => model.id === id);
  if (at < 0) throw new GatewayError('invalid_request', `no model with the id '${id.slice(0, 100)}' is in the list`, { param });
  return at;
}

/** A page in the Anthropic shape. */
export function anthropicPage(models: readonly ListedModel[], { limit: text, after_id: after, before_id: before }: PageQuery): object {
  const limit = readLimit(text);
  const from = after ? cursor(models, after, 'after_id') + 1 : 0;
  const to = before ? cursor(models, before, 'before_id') : models.length;
  const range = models.slice(from, to);
  const page = before && !after ? range.slice(-limit) : range.slice(0, limit);
  return {
    data: page.map(anthropicModel),
    has_more: range.length > page.length,
    first_id: page[0]?.id ?? null,
    last_id: page.at(-1)?.id ?? null,
  };
}
