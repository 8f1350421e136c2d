import type { ToolNames } from '../shared/tool-names.js';

/** What the request says about its reply. */
export interface MessagesReply {
  /** The model name that the client used. */
  readonly model: string;
  /** The backend's name of the model. */
  readonly slug: string;
  /** `shown`: thinking with its text; `omitted`: thinking blocks with a signature only; `hidden`: the client did not ask for thinking. */
  readonly thinking: 'shown' | 'omitted' | 'hidden';
  /** The request declared a web search tool: searches and citations are told. */
  readonly webSearch: boolean;
  readonly names: ToolNames;
  /** Stop sequences, which the backend does not know; empty: none. */
  readonly stops: readonly string[];
  /** Tool (client's name) → arguments that are left out where they are blank (`tool-drop-empty-arguments`). */
  readonly dropEmptyArguments: ReadonlyMap<string, ReadonlySet<string>>;
  /** Cheap estimate of the prompt's tokens, for `message_start` and for a turn of which upstream tells no usage. */
  readonly inputEstimate: () => number;
  /** `msg_…`, used if upstream names no response in time. */
  readonly fallbackId: string;
  /** As the `request-id` header shows it. */
  readonly requestId: string;
}
