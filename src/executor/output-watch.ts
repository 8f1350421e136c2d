import type { UpstreamEvent } from '../upstream/upstream-event.js';

/** Event types that say nothing about output. */
const SILENT = new Set(['response.created', 'response.in_progress', 'response.queued', 'response.metadata', 'keepalive', '']);

/** Tells an empty turn (no item, no output token) from an answer, without parsing what is only passed on. */
export class OutputWatch {
  #seen = false;

  /** `onOutput`: called once, when there is the first of it. */
  constructor(private readonly onOutput?: () => void) {}

  see(events: readonly UpstreamEvent[]): void {
    if (this.#seen) return;
    this.#seen = events.some((event) => !SILENT.has(event.type) && !event.type.startsWith('codex.'));
    if (this.#seen) this.onOutput?.();
  }

  /** Whether the turn that `terminal` completes had nothing in it. */
  isEmpty(terminal: UpstreamEvent): boolean {
    if (this.#seen || terminal.type === 'response.incomplete') return false;
    const response = terminal.json.response as { output?: unknown; usage?: { output_tokens?: unknown } | null } | undefined;
    if (Array.isArray(response?.output) && response.output.length > 0) return false;
    const tokens = response?.usage?.output_tokens ?? (terminal.json.usage as { output_tokens?: unknown } | undefined)?.output_tokens;
    return typeof tokens !== 'number' || tokens === 0;
  }
}
