import { describe, expect, it } from '@jest/globals';
import { GatewayError } from '../common/gateway-error.js';
import { ModelKeys } from '../config/keys/model.keys.js';
import type { Config } from '../config/config.js';
import { CatalogueEntry, readCatalogue } from './catalogue-entry.js';
import { clampEffort, Effort } from './effort.js';
import type { ModelCatalogue } from './model-catalogue.service.js';
import { ModelResolver } from './model-resolver.service.js';
import { TABLE_BASES, TABLE_IDS } from './model-table.js';

const entry = (slug: string, levels: string[] = ['low', 'high'], more: object = {}): object => ({
  slug,
  supported_reasoning_levels: levels.map((effort) => ({ effort })),
  ...more,
});

function resolver(catalogue: object[] = [], change: Partial<ModelKeys> = {}): ModelResolver {
  const entries: CatalogueEntry[] = readCatalogue(JSON.stringify({ models: catalogue }))!;
  const known = {
    entries,
    touch: () => undefined,
    find: (slug: string) => entries.find((e) => e.slug === slug),
    available: (slug: string) => (entries.length > 0 ? entries.some((e) => e.slug === slug) : null),
  };
  return new ModelResolver({ ...new ModelKeys(), ...change } as Config, known as unknown as ModelCatalogue);
}

const short = (name: string, effort?: string | null): unknown[] => {
  const model = resolver().resolve(name, { effort });
  return [model.slug, model.effort, model.priority];
};

const kindOf = (run: () => unknown): [string, string] => {
  try {
    run();
  } catch (error) {
    if (error instanceof GatewayError) return [error.kind, error.message];
  }
  return ['none', ''];
};

describe('the built-in table', () => {
  it('has 12 bases and 142 names, each of which resolves to its base', () => {
    expect([TABLE_BASES.length, TABLE_IDS.size]).toEqual([12, 142]);
    for (const [id, base] of TABLE_IDS)
      expect(resolver().resolve(id)).toMatchObject({ slug: base, requested: id, priority: id.endsWith('-fast') });
  });
});

describe('ModelResolver', () => {
  it.each<[string, string | null | undefined, string, string | null, boolean]>([
    ['gpt-5.4', undefined, 'gpt-5.4', null, false],
    ['gpt-5.4', 'high', 'gpt-5.4', 'high', false],
    ['gpt-5.4-low', 'high', 'gpt-5.4', 'low', false],
    ['gpt-5.4-auto', 'high', 'gpt-5.4', null, false],
    ['gpt-5.4', 'auto', 'gpt-5.4', null, false],
    ['gpt-5.4-none', undefined, 'gpt-5.4', 'none', false],
    ['gpt-5.4-xhigh-fast', undefined, 'gpt-5.4', 'xhigh', true],
    ['gpt-5.4-mini', undefined, 'gpt-5.4-mini', null, false],
    ['gpt-5.1-codex-max', undefined, 'gpt-5.1-codex-max', null, false],
    ['gpt-5.1-codex-max-fast', undefined, 'gpt-5.1-codex-max', null, true],
    ['gpt-5.1-codex', 'max', 'gpt-5.1-codex', 'max', false],
    ['gpt-5.4-codex-high-fast', undefined, 'gpt-5.4-codex', 'high', true],
    ['gpt-9-ultra', undefined, 'gpt-9', 'max', false],
    ['o7-mini-high', undefined, 'o7-mini', 'high', false],
    ['codex-mini-latest', undefined, 'codex-mini-latest', null, false],
    ['gpt-5.4[1m]', undefined, 'gpt-5.4', null, false],
    ['gpt-5.4-high-1M', undefined, 'gpt-5.4', 'high', false],
    ['gpt-5.4-1m-fast', undefined, 'gpt-5.4', null, true],
    ['GPT-5.4-High', undefined, 'gpt-5.4', 'high', false],
    ['GPT-5.1-Codex-Max', undefined, 'gpt-5.1-codex-max', null, false],
    ['gpt-5.4[1m]-high', undefined, 'gpt-5.4', 'high', false],
    ['gpt-5.4-1m-high-fast', undefined, 'gpt-5.4', 'high', true],
    ['gpt-5', 'minimal', 'gpt-5', 'low', false],
    ['gpt-5', 'xhigh', 'gpt-5', 'high', false],
    ['gpt-5.4', 'ultra', 'gpt-5.4', 'xhigh', false],
    ['claude-sonnet-4-5', undefined, 'gpt-5.4', null, false],
    ['claude-haiku-4-5-20251001', undefined, 'gpt-5.4-mini', null, false],
    ['claude-opus-5-5[1m]', 'max', 'gpt-5.4', 'xhigh', false],
  ])('%s with effort %s → %s, %s, priority %s', (name, effort, slug, sent, priority) => {
    expect(short(name, effort)).toEqual([slug, sent, priority]);
  });

  it('says what effort was asked for, by the name or else the body, whatever the model makes of it', () => {
    const asked = (name: string, effort?: string): string | null => resolver().resolve(name, { effort }).askedEffort;
    expect([asked('gpt-5.4-low', 'high'), asked('gpt-5.4', 'ultra'), asked('gpt-5.4')]).toEqual(['low', 'ultra', null]);
    expect([asked('gpt-5.4-none', 'high'), asked('gpt-5.4-auto', 'high')]).toEqual(['none', 'auto']);
  });

  it('refuses names that are nobody’s, with the nearest one', () => {
    expect(kindOf(() => resolver().resolve('llama-3'))[0]).toBe('model_not_found');
    expect(kindOf(() => resolver().resolve('gtp-5.4'))).toEqual([
      'model_not_found',
      "The model 'gtp-5.4' does not exist. Did you mean 'gpt-5.4'?",
    ]);
  });

  it.each(['gpt-5.4\r\nx', 'gpt-9 please', 'o9\u0000 x'])('does not take %j for one of the vendor’s', (name) => {
    expect(kindOf(() => resolver().resolve(name))[0]).toBe('model_not_found');
  });

  it('refuses an effort that no model has, even beside a suffix', () => {
    expect(kindOf(() => resolver().resolve('gpt-5.4-low', { effort: 'extreme' }))[0]).toBe('invalid_request');
  });

  it('takes levels and capabilities from the catalogue', () => {
    const models = resolver([
      entry('gpt-6-sol', ['low', 'max', 'ultra'], { support_verbosity: false, supports_reasoning_summary_parameter: false }),
    ]);
    expect(models.resolve('gpt-6-sol', { effort: 'ultra' })).toMatchObject({
      effort: 'ultra',
      supportsVerbosity: false,
      supportsSummary: false,
    });
    expect(models.resolve('gpt-6-sol-high').effort).toBe('low');
  });

  it('lets an exact alias win over the table, and carries suffixes over', () => {
    const models = resolver([], { modelAliases: { 'gpt-5': 'gpt-5.4-low', mine: ['gpt-5.2-fast'] } });
    expect(models.resolve('gpt-5')).toMatchObject({ requested: 'gpt-5', slug: 'gpt-5.4', effort: 'low' });
    expect(models.resolve('gpt-5-high').effort).toBe('high');
    expect(models.resolve('mine')).toMatchObject({ slug: 'gpt-5.2', priority: true });
    expect(kindOf(() => models.resolve('claude-sonnet-4-5'))[0]).toBe('model_not_found');
  });

  it('takes the first model of an alias that an account has', () => {
    const aliases = { modelAliases: { best: ['gpt-7', 'gpt-5.5', 'gpt-5.4'] } };
    expect(resolver([entry('gpt-5.5'), entry('gpt-5.4')], aliases).resolve('best').slug).toBe('gpt-5.5');
    expect(resolver([], aliases).resolve('best').slug).toBe('gpt-7');
  });

  it('sends another vendor’s big models to the newest flagship of the catalogue', () => {
    const models = resolver([
      entry('gpt-5.4', ['low'], { priority: 1 }),
      entry('gpt-6-luna', ['low'], { priority: 2 }),
      entry('gpt-6-sol', ['low'], { priority: 4 }),
      entry('gpt-6-astra', ['low'], { priority: 3 }),
      entry('gpt-7', ['low'], { visibility: 'hide' }),
    ]);
    expect(models.resolve('claude-opus-5-5').slug).toBe('gpt-6-astra');
    expect(models.resolve('claude-haiku-5-5').slug).toBe('gpt-5.4-mini');
  });

  it('lists the table, the catalogue and the aliases', () => {
    const names = resolver([entry('gpt-6-sol')], { modelAliases: { ...new ModelKeys().modelAliases, mine: 'gpt-5.4' } }).names();
    expect(names).toEqual(expect.arrayContaining(['gpt-5.1-codex-max', 'gpt-6-sol', 'mine', 'claude-sonnet-4-5', 'claude-opus-5-5']));
    expect(new Set(names).size).toBe(names.length);
    expect(resolver([], { enableModelSuffixFast: false }).names()).toHaveLength(71 + 5);
  });

  it('lists an alias as it is written, and finds it in any case', () => {
    const models = resolver([], { modelAliases: { 'My-Model': 'gpt-5.4-mini' } });
    expect(models.names()).toContain('My-Model');
    expect(models.names()).not.toContain('my-model');
    expect(['My-Model', 'my-model', 'MY-MODEL-high'].map((name) => models.resolve(name).slug)).toEqual(Array(3).fill('gpt-5.4-mini'));
  });

  it.each<[string, string, string | null, boolean]>([
    ['gpt-5.4-image', 'gpt-5.4', null, false],
    ['gpt-5.4-high-fast-image', 'gpt-5.4', 'high', true],
    ['gpt-5.5-image-fast', 'gpt-5.5', null, true],
    ['my-painter', 'gpt-5.4', null, false],
  ])('adds the tool that makes pictures for %s', (name, slug, effort, priority) => {
    const models = resolver([], { modelAliases: { 'my-painter': 'gpt-5.4-image' } });
    expect(models.resolve(name)).toMatchObject({ slug, effort, priority, image: true });
    expect(models.resolve(slug).image).toBe(false);
  });

  it('knows no names with pictures where they are switched off, unless the vendor has one', () => {
    const models = resolver([entry('gpt-7-image')], { enableModelSuffixImage: false });
    expect(kindOf(() => models.resolve('gpt-5.4-image'))[0]).toBe('model_not_found');
    expect(models.resolve('gpt-7-image')).toMatchObject({ slug: 'gpt-7-image', image: false });
  });

  it('knows no fast names where they are switched off', () => {
    const models = resolver([], { enableModelSuffixFast: false });
    expect(kindOf(() => models.resolve('gpt-5.4-fast'))[0]).toBe('model_not_found');
  });
});

describe('clampEffort', () => {
  it.each<[Effort, string[] | null, Effort]>([
    ['high', ['low', 'high'], 'high'],
    ['medium', ['low', 'high'], 'low'],
    ['none', ['low', 'high'], 'low'],
    ['max', ['low', 'xhigh'], 'xhigh'],
    ['ultra', ['low', 'max'], 'max'],
    ['ultra', ['low', 'ultra'], 'ultra'],
    ['ultra', null, 'max'],
    ['minimal', null, 'minimal'],
    ['low', [], 'low'],
  ])('%s among %j is %s', (asked, levels, expected) => {
    expect(clampEffort(asked, levels)).toBe(expected);
  });
});
