import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Cli } from './cli.js';

const CODEX = resolve(import.meta.dirname, '../node_modules/@openai/codex/bin/codex.js');

/** `provider`: an entry of its own in `model_providers`; `base-url`: the built-in provider with another address, which tries a WebSocket first. */
export type CodexVariant = 'provider' | 'base-url';

interface CodexItem {
  readonly type: string;
  readonly text?: string;
  readonly command?: string;
  readonly aggregated_output?: string;
  readonly exit_code?: number;
  readonly status?: string;
}

export interface CodexEvent {
  readonly type: string;
  readonly thread_id?: string;
  readonly message?: string;
  readonly item?: CodexItem;
  readonly error?: { readonly message: string };
  readonly usage?: Readonly<Record<string, number>>;
}

/** What `codex exec --json` printed. */
export class CodexRun {
  constructor(
    readonly code: number | null,
    readonly ms: number,
    readonly events: readonly CodexEvent[],
    readonly stderr: string,
  ) {}

  /** Finished items of a type. */
  items(type: string): CodexItem[] {
    return this.events.flatMap(({ type: event, item }) => (event === 'item.completed' && item?.type === type ? [item] : []));
  }

  /** What the model said. */
  get text(): string {
    return this.items('agent_message')
      .map(({ text }) => text)
      .join('\n');
  }

  /** Everything that went wrong in the eyes of the user, reconnects too. */
  get errors(): string[] {
    return this.events.flatMap(({ type, message, error }) =>
      type === 'error' ? [message!] : type === 'turn.failed' ? [error!.message] : [],
    );
  }

  get usage(): Readonly<Record<string, number>> | undefined {
    return this.events.find(({ type }) => type === 'turn.completed')?.usage;
  }
}

export interface CodexOptions {
  readonly baseUrl: string;
  readonly key: string;
  readonly variant?: CodexVariant;
  readonly model?: string;
  /** Lines of `config.toml` at its top, and of the provider's table. */
  readonly settings?: readonly string[];
  readonly providerSettings?: readonly string[];
}

/** The official command line client, with a home of its own. */
export class CodexCli {
  readonly #cli = new Cli();
  readonly #home = join(this.#cli.home, '.codex');

  constructor(private readonly options: CodexOptions) {
    mkdirSync(this.#home);
    writeFileSync(join(this.#home, 'config.toml'), config(options));
  }

  /** Where its commands run and its patches land. */
  get work(): string {
    return this.#cli.work;
  }

  /** One turn that runs to its end; `resume`: in the session of the last one. */
  async exec(prompt: string, { resume = false } = {}): Promise<CodexRun> {
    const flags = ['--json', '--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox'];
    const args = ['exec', ...flags, ...(resume ? ['resume', '--last'] : []), prompt];
    const { key } = this.options;
    const env = { CODEX_HOME: this.#home, GATEWAY_KEY: key, OPENAI_API_KEY: key, CODEX_API_KEY: key };
    const { code, ms, stdout, stderr } = await this.#cli.run(process.execPath, [CODEX, ...args], env);
    const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
    return new CodexRun(
      code,
      ms,
      lines.map((line) => JSON.parse(line) as CodexEvent),
      stderr,
    );
  }

  remove(): void {
    this.#cli.remove();
  }
}

function config({ baseUrl, variant = 'provider', model = 'gpt-5.5', settings = [], providerSettings = [] }: CodexOptions): string {
  const quiet = ['check_for_update_on_startup = false', '[analytics]', 'enabled = false'];
  const top = [`model = "${model}"`, ...settings];
  if (variant === 'base-url') return [...top, `openai_base_url = "${baseUrl}"`, ...quiet, ''].join('\n');
  const provider = [
    'name = "gateway"',
    `base_url = "${baseUrl}"`,
    'wire_api = "responses"',
    'env_key = "GATEWAY_KEY"',
    ...providerSettings,
  ];
  return [...top, 'model_provider = "gateway"', ...quiet, '[model_providers.gateway]', ...provider, ''].join('\n');
}
