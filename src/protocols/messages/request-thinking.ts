import { EFFORT_ORDER } from '../../models/effort.js';
import { familyEffort } from '../../models/family-effort.js';
import type { ResolvedModel } from '../../models/resolved-model.js';
import type { JsonObject } from '../../upstream/upstream-event.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { choiceIn, integerIn, objectIn, required, stringIn, unknownTag } from './request-readers.js';
import type { MessagesReply } from './messages-reply.js';

/** What the request says of thinking. */
export interface AskedThinking {
  readonly visibility: MessagesReply['thinking'];
  /** What `thinking` itself comes to; null: it says nothing of how much. */
  readonly effort: string | null;
  /** Thinking is switched off: no other member can ask for more. */
  readonly disabled: boolean;
}

/** The levels of the public API; the backend's other ones are taken too. */
const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'];
const TYPES = ['enabled', 'disabled', 'adaptive'];
const MIN_BUDGET = 1024;
/** Smallest budget → effort, highest first. The usual budgets of clients (4 000, 10 000, 31 999) come to three levels. */
const LEVELS: readonly (readonly [budget: number, effort: string])[] = [
  [24_576, 'xhigh'],
  [8192, 'high'],
  [2048, 'medium'],
  [MIN_BUDGET, 'low'],
];

const HIDDEN: AskedThinking = { visibility: 'hidden', effort: null, disabled: false };

function budgetEffort(given: unknown): string {
  const path = 'thinking.enabled.budget_tokens';
  const budget = integerIn(given, path, MIN_BUDGET);
  if (budget === undefined) throw required(path);
  return LEVELS.find(([least]) => budget >= least)![1];
}

/** `display`: `omitted` wants signatures alone; every other value, known today or not, wants to see something. */
export function readThinking(given: unknown): AskedThinking {
  const thinking = objectIn(given, 'thinking');
  if (!thinking) return HIDDEN;
  const type = stringIn(thinking.type, 'thinking.type');
  if (type === undefined) throw required('thinking.type');
  if (type === 'disabled') return { visibility: 'hidden', effort: 'none', disabled: true };
  const visibility = stringIn(thinking.display, 'thinking.display') === 'omitted' ? 'omitted' : 'shown';
  if (type === 'adaptive' || type === 'between_tools') return { visibility, effort: null, disabled: false };
  if (type === 'enabled') return { visibility, effort: budgetEffort(thinking.budget_tokens), disabled: false };
  throw unknownTag('thinking.type', type, TYPES);
}

export const readEffort = (given: unknown, path: string): string | undefined => choiceIn(given, path, EFFORTS, EFFORT_ORDER);

/** The effort that is asked of the model: a switch first, then the named level, the budget, and what the model's family is used with. */
export const askedEffort = (model: string, thinking: AskedThinking, named: string | undefined): string | null =>
  thinking.disabled ? thinking.effort : (named ?? thinking.effort ?? familyEffort(model));

/** A summary is asked for only where it will be shown. */
export function readReasoning(thinking: AskedThinking, model: ResolvedModel, ignored: IgnoredFields): JsonObject | undefined {
  const reasoning: JsonObject = {};
  if (model.effort !== null) reasoning.effort = model.effort;
  if (thinking.visibility === 'shown' && model.effort !== 'none') {
    if (model.supportsSummary) reasoning.summary = 'auto';
    else ignored.add('thinking.display');
  }
  return Object.keys(reasoning).length > 0 ? reasoning : undefined;
}
