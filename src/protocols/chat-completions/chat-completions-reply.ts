import type { CodexRequest } from '../../executor/codex-request.js';
import type { ToolRepair } from '../shared/schema-repairs.service.js';
import type { ToolNames } from '../shared/tool-names.js';

/** What the request says about its reply. */
export interface ChatCompletionsReply {
  /** The model name that the client used. */
  readonly model: string;
  /** `stream_options.include_usage`. */
  readonly includeUsage: boolean;
  /** The request used `functions`: the reply calls with `function_call`. */
  readonly legacyFunctions: boolean;
  readonly names: ToolNames;
  /** Stop sequences, which the backend does not know; empty: none. */
  readonly stops: readonly string[];
  /** `chatcmpl-…`, used if upstream names no response. */
  readonly fallbackId: string;
  /** Epoch seconds, used if upstream names none. */
  readonly createdAt: number;
  /** Cheap estimate of the prompt's tokens, for an answer that a stop sequence ended before upstream told its usage. */
  readonly inputEstimate: () => number;
}

/** A decoded request: what goes to the executor, what the encoder has to know, and which tool schemas had to be repaired. */
export interface ChatCompletionsTurn {
  readonly request: CodexRequest;
  readonly stream: boolean;
  readonly reply: Omit<ChatCompletionsReply, 'fallbackId' | 'createdAt' | 'inputEstimate'>;
  readonly repairs: readonly ToolRepair[];
}
