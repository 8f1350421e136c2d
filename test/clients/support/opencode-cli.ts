import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Cli, type CliRun } from './cli.js';
import type { Protocol } from './protocols.js';

const OPENCODE = resolve(import.meta.dirname, `../node_modules/opencode-${process.platform}-${process.arch}/bin/opencode`);
const NPM: Readonly<Record<Protocol, string>> = {
  chat: '@ai-sdk/openai-compatible',
  responses: '@ai-sdk/openai',
  messages: '@ai-sdk/anthropic',
};

interface Part {
  readonly type: string;
  readonly text?: string;
  readonly tool?: string;
  readonly reason?: string;
  readonly tokens?: { readonly input: number; readonly output: number };
  readonly state?: { readonly status: string; readonly output?: string; readonly error?: string };
}

/** What `opencode run --format json` printed. */
export class OpencodeRun {
  readonly #events: readonly { type: string; part?: Part; error?: unknown }[];

  constructor(readonly cli: CliRun) {
    this.#events = cli.stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as { type: string; part?: Part });
  }

  parts(type: string): Part[] {
    return this.#events.flatMap(({ part }) => (part?.type === type ? [part] : []));
  }

  get text(): string {
    return this.parts('text')
      .map(({ text }) => text)
      .join('\n');
  }

  get errors(): unknown[] {
    return this.#events.flatMap(({ type, error }) => (type === 'error' ? [error] : []));
  }
}

/** The opencode agent, with a home of its own. */
export class OpencodeCli {
  readonly #cli = new Cli();

  constructor(url: string, key: string, protocol: Protocol) {
    const models = { 'gpt-5.4': { name: 'gpt-5.4', tool_call: true, reasoning: true } };
    const provider = { gateway: { npm: NPM[protocol], name: 'Gateway', options: { baseURL: `${url}/v1`, apiKey: key }, models } };
    const config = { $schema: 'https://opencode.ai/config.json', autoupdate: false, share: 'disabled', permission: 'allow', provider };
    writeFileSync(join(this.#cli.work, 'opencode.json'), JSON.stringify(config));
  }

  async run(prompt: string): Promise<OpencodeRun> {
    const env = {
      OPENCODE_DISABLE_AUTOUPDATE: '1',
      OPENCODE_DISABLE_MODELS_FETCH: '1',
      OPENCODE_DISABLE_LSP_DOWNLOAD: '1',
      OPENCODE_DISABLE_DEFAULT_PLUGINS: '1',
    };
    return new OpencodeRun(await this.#cli.run(OPENCODE, ['run', '-m', 'gateway/gpt-5.4', '--format', 'json', prompt], env));
  }

  remove(): void {
    this.#cli.remove();
  }
}
