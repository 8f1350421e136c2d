import { join, resolve } from 'node:path';
import { Cli, type CliRun } from './cli.js';

const CLAUDE = resolve(import.meta.dirname, `../node_modules/@anthropic-ai/claude-code-${process.platform}-${process.arch}/claude`);

interface Block {
  readonly type: string;
  readonly name?: string;
  readonly text?: string;
  readonly thinking?: string;
  readonly content?: unknown;
  readonly is_error?: boolean;
}

interface ClaudeEvent {
  readonly type: string;
  readonly subtype?: string;
  readonly is_error?: boolean;
  readonly result?: string;
  readonly num_turns?: number;
  readonly usage?: Readonly<Record<string, unknown>>;
  readonly message?: { readonly role: string; readonly content: string | readonly Block[] };
}

/** What `claude -p --output-format stream-json` printed. */
export class ClaudeCodeRun {
  readonly #events: readonly ClaudeEvent[];

  constructor(readonly cli: CliRun) {
    this.#events = cli.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as ClaudeEvent);
  }

  get result(): ClaudeEvent | undefined {
    return this.#events.find(({ type }) => type === 'result');
  }

  /** Content blocks of a type in whatever the model or a tool said. */
  blocks(type: string): Block[] {
    return this.#events.flatMap(({ message }) =>
      typeof message?.content === 'object' ? message.content.filter((block) => block.type === type) : [],
    );
  }
}

export interface ClaudeCodeOptions {
  readonly url: string;
  readonly key: string;
  /** Under which name the key is handed over: `x-api-key` or `Authorization: Bearer`. */
  readonly auth?: 'ANTHROPIC_API_KEY' | 'ANTHROPIC_AUTH_TOKEN';
}

/** Claude Code, with a home of its own. */
export class ClaudeCodeCli {
  readonly #cli = new Cli();

  constructor(private readonly options: ClaudeCodeOptions) {}

  get work(): string {
    return this.#cli.work;
  }

  /** One prompt, to its end. */
  ask(prompt: string, args: readonly string[] = []): Promise<ClaudeCodeRun> {
    return this.#run([prompt, ...args]);
  }

  /** A user message as it is: text and images. */
  send(content: readonly unknown[]): Promise<ClaudeCodeRun> {
    return this.#run(['--input-format', 'stream-json'], `${JSON.stringify({ type: 'user', message: { role: 'user', content } })}\n`);
  }

  async #run(args: readonly string[], input = ''): Promise<ClaudeCodeRun> {
    const { url, key, auth = 'ANTHROPIC_API_KEY' } = this.options;
    const env = {
      ANTHROPIC_BASE_URL: url,
      [auth]: key,
      CLAUDE_CONFIG_DIR: join(this.#cli.home, '.claude'),
      CLAUDE_CODE_TMPDIR: join(this.#cli.home),
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
      DISABLE_TELEMETRY: '1',
      DISABLE_AUTOUPDATER: '1',
      DISABLE_ERROR_REPORTING: '1',
    };
    const flags = ['-p', '--output-format', 'stream-json', '--verbose', '--model', 'claude-sonnet-4-5'];
    return new ClaudeCodeRun(await this.#cli.run(CLAUDE, [...flags, ...args], env, input));
  }

  remove(): void {
    this.#cli.remove();
  }
}
