import type { JsonObject } from '../upstream/upstream-event.js';

/** The request body of the backend: only members that it takes, and none that is null. It refuses anything else with 400. */
export interface CodexBody {
  model: string;
  instructions?: string;
  input: JsonObject[];
  store?: false;
  stream?: true;
  [member: string]: unknown;
}

/** What a dialect's decoder makes of a client's request: everything the executor needs, and nothing of the dialect. */
export interface CodexRequest {
  readonly operation: 'responses' | 'compact';
  readonly body: CodexBody;
  /** Headers an official Codex client sent about itself; they are forwarded. Empty for everybody else. */
  readonly identityHeaders: Readonly<Record<string, string>>;
  /** Whether the caller is an official Codex client (`originator` starts with `codex`, any case). */
  readonly codexClient: boolean;
  /** Stable id of the conversation, at most 64 characters, sent as `session-id`; empty where the client named none: then the body's `prompt_cache_key` is. */
  readonly sessionId: string;
  /** What holds a conversation on its account, strongest first: session header, `prompt_cache_key`, conversation hash. */
  readonly affinity: readonly string[];
  /** Whether the last input item is a user message: only then may affinity yield for quota. */
  readonly turnStart: boolean;
  /** SHA-256 of the ciphertext of each `compaction` item in the input; such requests stay on the account that made them. */
  readonly compactions: readonly string[];
  /** Reasoning items of the input that only accounts of one scope (`TurnHead.scope`) can read; others are sent the request without them. */
  readonly scoped?: ReadonlyMap<JsonObject, string>;
  /** Client fields that were dropped; shown in `x-gateway-ignored`. */
  readonly ignored: readonly string[];
}
