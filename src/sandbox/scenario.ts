import { JsonObject } from './json.js';
import { Refusal } from './refusal.js';
import { SandboxAccountState } from './sandbox-account.state.js';
import { Params } from './scenario-spec.js';
import { Step } from './step.js';
import { Turn } from './turn.js';

/** What a scenario may look at. */
export interface ScenarioContext {
  readonly params: Params;
  readonly turn: Turn;
  readonly request: JsonObject;
  /** The last user message without its marker. */
  readonly prompt: string;
  readonly account: SandboxAccountState;
  readonly nowMs: number;
}

/** The output of a turn; what it returns replaces `response.completed`. The lifecycle events around it are not its business. */
export type Content = (context: ScenarioContext) => Generator<JsonObject, JsonObject | void, void>;

/** `content`: a stream with a normal frame. `reply`: one answer that is not a stream. `steps`: anything else. */
export type Scenario =
  | { readonly kind: 'content'; readonly run: Content }
  | { readonly kind: 'reply'; readonly run: (context: ScenarioContext) => Refusal }
  | { readonly kind: 'steps'; readonly run: (context: ScenarioContext) => Iterable<Step> };

export const content = (run: Content): Scenario => ({ kind: 'content', run });
export const answer = (run: (context: ScenarioContext) => Refusal): Scenario => ({ kind: 'reply', run });
export const steps = (run: (context: ScenarioContext) => Iterable<Step>): Scenario => ({ kind: 'steps', run });
