import type { ValueCheck } from '../key-declaration.js';
import { Flag, Seconds, Text, TextList, ValueMap } from '../key.decorators.js';

const isName = (value: unknown): boolean => typeof value === 'string' && value.trim() !== '';

const aliasesFault: ValueCheck<Record<string, unknown>> = (aliases) => {
  for (const [name, target] of Object.entries(aliases)) {
    const fine = name !== '' && (Array.isArray(target) ? target.length > 0 && target.every(isName) : isName(target));
    if (!fine) return `map names to a model or a list of models; '${name}' does not`;
  }
  return undefined;
};

export class ModelKeys {
  static readonly title = 'Models';

  @ValueMap('model-aliases', {
    about:
      'Name or glob → model, or list of models of which the first that an account can serve is taken; what is written here replaces the default.',
    check: aliasesFault,
  })
  modelAliases: Readonly<Record<string, string | readonly string[]>> = { 'claude-*haiku*': 'gpt-5.4-mini', 'claude-*': 'gpt-5.4' };

  @Flag('models-hide-unavailable', { about: 'Leave models that no account has out of the model list, instead of marking them.' })
  modelsHideUnavailable = false;

  @Flag('enable-model-suffix-fast', { about: "Offer '-fast' variants of every model." })
  enableModelSuffixFast = true;

  @Text('compact-model', { about: 'Model for POST /v1/responses/compact; empty = the one that the client names.' })
  compactModel = '';

  @Seconds('compact-timeout-sec', { about: 'Limit for one compaction as a whole; 0 = none.', min: 0, max: 86_400 })
  compactTimeoutSec = 1200;

  @TextList('tool-drop-empty-arguments', {
    about: "Tool arguments ('Tool.argument') that are left out when a model sends them as empty text.",
  })
  toolDropEmptyArguments: readonly string[] = ['Read.pages'];

  @Flag('enable-model-suffix-image', {
    about: "Take '-image' at the end of any model's name as a wish for the tool that makes pictures (Responses, Chat Completions).",
  })
  enableModelSuffixImage = true;

  @Flag('enable-model-suffix-1m', {
    about: "Offer '-1m' variants.",
    noEffect: "a '-1m' at the end of a name is dropped: the backend knows no such variant",
  })
  enableModelSuffix1m = true;
}
