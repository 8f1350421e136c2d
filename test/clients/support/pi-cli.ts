import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Cli, type CliRun } from './cli.js';
import type { Protocol } from './protocols.js';

const PI = resolve(import.meta.dirname, '../node_modules/@mariozechner/pi-coding-agent/dist/cli.js');

/** Dialect → what pi calls it, and what its base URL ends in. */
const APIS = {
  chat: { api: 'openai-completions', suffix: '/v1' },
  responses: { api: 'openai-responses', suffix: '/v1' },
  messages: { api: 'anthropic-messages', suffix: '' },
} as const satisfies Record<Protocol, object>;

interface PiEvent {
  readonly type: string;
  readonly toolName?: string;
  readonly isError?: boolean;
  readonly result?: { readonly content: readonly { readonly text?: string }[] };
  readonly message?: {
    readonly role: string;
    readonly content: readonly { readonly type: string; readonly text?: string; readonly thinking?: string }[];
    readonly stopReason?: string;
    readonly errorMessage?: string;
    readonly usage?: { readonly input: number; readonly output: number; readonly totalTokens: number };
  };
}

/** What `pi --mode json` printed. */
export class PiRun {
  readonly events: readonly PiEvent[];

  constructor(readonly cli: CliRun) {
    this.events = cli.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as PiEvent);
  }

  /** Whole messages of the model. */
  get answers(): NonNullable<PiEvent['message']>[] {
    return this.events.flatMap(({ type, message }) => (type === 'message_end' && message?.role === 'assistant' ? [message] : []));
  }

  /** Text of the last one. */
  get text(): string {
    return (this.answers.at(-1)?.content ?? []).map(({ text }) => text ?? '').join('');
  }

  /** Tools that ran: name and output. */
  get tools(): { name: string; output: string; failed: boolean }[] {
    return this.events.flatMap(({ type, toolName, isError, result }) =>
      type === 'tool_execution_end'
        ? [{ name: toolName!, output: (result?.content ?? []).map(({ text }) => text ?? '').join(''), failed: isError === true }]
        : [],
    );
  }
}

/** The pi coding agent, with a home of its own. */
export class PiCli {
  readonly #cli = new Cli();

  constructor(url: string, key: string, protocol: Protocol) {
    const { api, suffix } = APIS[protocol];
    const models = [{ id: 'gpt-5.4', reasoning: true, input: ['text', 'image'] }];
    mkdirSync(join(this.#cli.home, '.pi', 'agent'), { recursive: true });
    writeFileSync(
      join(this.#cli.home, '.pi', 'agent', 'models.json'),
      JSON.stringify({ providers: { gateway: { baseUrl: `${url}${suffix}`, api, apiKey: key, models } } }),
    );
  }

  async run(prompt: string, args: readonly string[] = []): Promise<PiRun> {
    const flags = ['-p', '--mode', 'json', '--no-session', '--model', 'gateway/gpt-5.4', ...args];
    return new PiRun(await this.#cli.run(process.execPath, [PI, ...flags, prompt], { PI_OFFLINE: '1' }));
  }

  remove(): void {
    this.#cli.remove();
  }
}
