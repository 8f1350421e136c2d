import { digest } from './made-up.js';
import { JsonObject } from './json.js';
import { Refusal, apiError, detail } from './refusal.js';

export interface SandboxModel {
  readonly slug: string;
  readonly efforts: readonly string[];
  readonly defaultEffort: string;
  readonly contextWindow: number;
  readonly minimalClientVersion: string;
  readonly lite: boolean;
  readonly visibility: 'list' | 'hide';
  readonly fast: boolean;
  readonly summaries: boolean;
  /** Plans that have it; null: all. */
  readonly plans: readonly string[] | null;
}

const LADDER = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra'];
const efforts = (from: string, to: string): string[] => LADDER.slice(LADDER.indexOf(from), LADDER.indexOf(to) + 1);
const PAID = ['go', 'plus', 'pro', 'prolite', 'team', 'business', 'enterprise', 'edu', 'education'];

const model = (slug: string, minimalClientVersion: string, options: Partial<SandboxModel> = {}): SandboxModel => ({
  slug,
  minimalClientVersion,
  efforts: efforts('low', 'xhigh'),
  defaultEffort: 'medium',
  contextWindow: 272_000,
  lite: false,
  visibility: 'list',
  fast: true,
  summaries: true,
  plans: null,
  ...options,
});

/** The catalogue as it looked in autumn 2026; names that are not in it are refused, as the backend refuses retired ones. */
export const CATALOGUE: readonly SandboxModel[] = [
  model('gpt-6-sol', '0.155.0', { efforts: efforts('low', 'ultra'), lite: true, plans: PAID }),
  model('gpt-6-luna', '0.155.0', { efforts: efforts('low', 'max'), lite: true }),
  model('gpt-6-astra', '0.153.0', { efforts: efforts('low', 'ultra'), lite: true, plans: PAID }),
  model('gpt-5.6-sol', '0.144.0', { efforts: efforts('low', 'ultra'), defaultEffort: 'low', lite: true, plans: PAID }),
  model('gpt-5.6-terra', '0.144.0', { efforts: efforts('low', 'ultra'), lite: true }),
  model('gpt-5.6-luna', '0.144.0', { efforts: efforts('low', 'max'), lite: true }),
  model('gpt-5.5', '0.124.0'),
  model('gpt-5.4', '0.98.0', { visibility: 'hide', plans: PAID }),
  model('gpt-5.4-mini', '0.98.0', { visibility: 'hide', fast: false }),
  model('gpt-5.3-codex-spark', '0.100.0', {
    defaultEffort: 'high',
    contextWindow: 128_000,
    fast: false,
    summaries: false,
    plans: ['plus', 'pro'],
  }),
  model('codex-auto-review', '0.98.0', { efforts: efforts('low', 'max'), visibility: 'hide', fast: false }),
];

export const findModel = (slug: string): SandboxModel | undefined => CATALOGUE.find((entry) => entry.slug === slug);

/** What an account sees: by its plan, by its own list, and by the version the client names (none: an old client's view). */
export function visibleModels(plan: string, own: readonly string[] | null, clientVersion: string | null): SandboxModel[] {
  return CATALOGUE.filter((entry) => mayUse(entry, plan, own) && !olderThan(clientVersion ?? '0.98.0', entry.minimalClientVersion));
}

export const etagOf = (models: readonly SandboxModel[]): string => `W/"${digest(...models.map(({ slug }) => slug)).slice(0, 16)}"`;

/** Why a turn with this model is refused for this account and client, in the backend's words. */
export function refuseModel(slug: string, plan: string, own: readonly string[] | null, version: string | null): Refusal | null {
  if (own?.includes(slug)) return null;
  const entry = findModel(slug);
  if (!entry || !mayUse(entry, plan, own)) return modelUnsupported(slug);
  return version !== null && olderThan(version, entry.minimalClientVersion) ? modelTooNew(slug) : null;
}

export const modelUnsupported = (slug: string): Refusal =>
  detail(400, `The '${slug}' model is not supported when using Codex with a ChatGPT account.`);

export const modelTooNew = (slug: string): Refusal =>
  detail(400, `The '${slug}' model requires a newer version of Codex. Please upgrade to the latest app or CLI and try again.`);

export const modelNotFound = (slug: string): Refusal => apiError(404, `Model not found ${slug}`, { param: 'model' });

const mayUse = (entry: SandboxModel, plan: string, own: readonly string[] | null): boolean =>
  own ? own.includes(entry.slug) : entry.plans === null || entry.plans.includes(plan);

function olderThan(version: string, minimum: string): boolean {
  const [a, b] = [version, minimum].map((text) => text.split('.').map((part) => Number.parseInt(part, 10) || 0));
  for (let i = 0; i < 3; i++) {
    const step = (a![i] ?? 0) - (b![i] ?? 0);
    if (step !== 0) return step < 0;
  }
  return false;
}

/** One entry of `GET /codex/models`. */
export const catalogueEntry = (entry: SandboxModel, priority: number): JsonObject => ({
  slug: entry.slug,
  display_name: entry.slug,
  description: `Simulated ${entry.slug}.`,
  default_reasoning_level: entry.defaultEffort,
  supported_reasoning_levels: entry.efforts.map((effort) => ({ effort, description: `${effort} effort` })),
  shell_type: 'shell_command',
  visibility: entry.visibility,
  supported_in_api: true,
  priority,
  upgrade: null,
  base_instructions: '',
  supports_reasoning_summaries: true,
  supports_reasoning_summary_parameter: entry.summaries,
  default_reasoning_summary: 'auto',
  support_verbosity: true,
  default_verbosity: 'medium',
  apply_patch_tool_type: 'freeform',
  web_search_tool_type: 'text',
  truncation_policy: { mode: 'tokens', limit: 10_000 },
  supports_parallel_tool_calls: true,
  context_window: entry.contextWindow,
  max_context_window: entry.contextWindow,
  effective_context_window_percent: 95,
  experimental_supported_tools: [],
  input_modalities: ['text', 'image'],
  use_responses_lite: entry.lite,
  prefer_websockets: false,
  service_tiers: entry.fast ? [{ id: 'priority', name: 'Fast', description: '1.5x speed, increased usage' }] : [],
  additional_speed_tiers: entry.fast ? ['fast'] : [],
  minimal_client_version: entry.minimalClientVersion,
  available_in_plans: entry.plans,
});
