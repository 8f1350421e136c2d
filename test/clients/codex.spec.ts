import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { CodexCli, type CodexOptions } from './support/codex-cli.js';
import { KEY } from '../support/gateway-process.js';
import { GatewayScene } from '../support/gateway-scene.js';
import { RequestLog } from './support/request-log.js';

type Item = Record<string, unknown>;

let scene: GatewayScene;
const clis: CodexCli[] = [];

const codex = (options: Partial<CodexOptions> = {}): CodexCli => {
  const cli = new CodexCli({ baseUrl: `${scene.gateway.url}/v1`, key: KEY, ...options });
  clis.push(cli);
  return cli;
};
const inputOf = (body: unknown): Item[] => (body as { input: Item[] }).input;
const textsOf = (body: unknown): string => JSON.stringify(inputOf(body));
beforeAll(async () => {
  scene = await GatewayScene.open({ config: { 'stream-header-hold': 1, 'stream-keepalive-interval': 1 } });
});
afterAll(() => scene.close());

beforeEach(() => scene.pool(2));
afterEach(() => {
  for (const cli of clis.splice(0)) cli.remove();
});

describe.each(['provider', 'base-url'] as const)('a tool turn (%s)', (variant) => {
  it('runs the command that the model asks for and tells the model what came out', async () => {
    const run = await codex({ variant }).exec('Run a command #scenario=tool-turn#');
    expect(run).toMatchObject({ code: 0, errors: [] });
    expect(run.items('command_execution')).toMatchObject([{ aggregated_output: 'sandbox\n', exit_code: 0, status: 'completed' }]);
    expect(run.text).toMatch(/^The tool answered: [^]*\nsandbox\n/);
    expect(run.usage).toMatchObject({ input_tokens: expect.any(Number), output_tokens: expect.any(Number) });
    expect(run.usage!.input_tokens).toBeGreaterThan(0);

    const [first, second] = scene.attempts;
    expect(scene.attempts).toHaveLength(2);
    const call = inputOf(second!.body).find(({ type }) => type === 'function_call')!;
    const output = inputOf(second!.body).find(({ type }) => type === 'function_call_output')!;
    expect(output.call_id).toBe(call.call_id);
    expect(second!.account).toBe(first!.account);
    expect(second!.headers['x-codex-turn-state']).toEqual(expect.any(String));
  });
});

it('runs several commands of one answer', async () => {
  const run = await codex().exec('Run commands #scenario=tools,name=exec_command,n=3#');
  expect(run).toMatchObject({ code: 0, errors: [] });
  expect(run.items('command_execution').map(({ aggregated_output }) => aggregated_output)).toEqual(Array(3).fill('sandbox\n'));
});

it('applies the patch of a custom tool call', async () => {
  const cli = codex();
  const run = await cli.exec('Write a file #scenario=custom-tool,name=apply_patch#');
  expect(run).toMatchObject({ code: 0, errors: [] });
  expect(run.items('file_change')).toMatchObject([{ status: 'completed' }]);
  expect(readFileSync(join(cli.work, 'sandbox.txt'), 'utf8')).toBe('hello from the sandbox\n');
});

it('goes on with a session, on the account that began it', async () => {
  const cli = codex();
  expect(await cli.exec('The first question #scenario=reasoning#')).toMatchObject({ code: 0, errors: [] });
  const second = await cli.exec('The second question', { resume: true });
  expect(second).toMatchObject({ code: 0, errors: [] });
  expect(second.text).toContain('The second question');

  const [one, two] = scene.attempts;
  expect(textsOf(two!.body)).toMatch(/The first question[^]*Sandbox answer[^]*The second question/);
  expect(inputOf(two!.body).filter(({ type }) => type === 'reasoning')).toHaveLength(1);
  expect([two!.account, two!.headers['session-id']]).toEqual([one!.account, one!.headers['session-id']]);
});

// With a provider of its own the client asks for a summary in plain words instead.
it('compacts a conversation that has grown too long, and goes on', async () => {
  const cli = codex({ variant: 'base-url', settings: ['model_auto_compact_token_limit = 2000'] });
  await cli.exec('The first question');
  const second = await cli.exec('The second question', { resume: true });
  expect(second).toMatchObject({ code: 0, errors: [] });
  expect(scene.attempts.some(({ body }) => inputOf(body).at(-1)?.type === 'compaction_trigger')).toBe(true);
  expect(inputOf(scene.attempts.at(-1)!.body).some(({ type }) => type === 'compaction')).toBe(true);
  expect(new Set(scene.attemptedOn).size).toBe(1);
});

describe('an account that fails is replaced without a trace', () => {
  it.each(['429,resets=60', '500', '503,code=server_is_overloaded', 'overload', '403-html', 'reset-before-headers', 'text,cut=0', 'empty'])(
    '%s',
    async (scenario) => {
      scene.backend.state.next(scenario);
      const run = await codex().exec('Say something');
      expect(run).toMatchObject({ code: 0, errors: [] });
      expect(run.text).toContain('Sandbox answer');
      const accounts = scene.attemptedOn;
      expect(accounts).toHaveLength(2);
      expect(new Set(accounts).size).toBe(2);
    },
  );
});

describe('failures that the client has to see', () => {
  it('a stream that fails after output: it repeats the turn by itself', async () => {
    const run = await codex().exec('Say something #scenario=fail,times=1#');
    expect(run.code).toBe(0);
    expect(run.errors).toEqual([expect.stringMatching(/^Reconnecting\.\.\. 1\/5 .*overloaded/)]);
    expect(scene.attempts).toHaveLength(2);
  });

  it('a prompt that is too long', async () => {
    const run = await codex().exec('Say something #scenario=400,code=context_length_exceeded#');
    expect(run.code).toBe(1);
    expect(run.errors.at(-1)).toMatch(/ran out of room in the model's context window/);
    expect(scene.attempts).toHaveLength(1);
  });

  it('a wrong key', async () => {
    const run = await codex({ key: 'sk-wrong' }).exec('Say something');
    expect(run.code).toBe(1);
    expect(run.errors.at(-1)).toMatch(/401 Unauthorized/);
    expect(scene.attempts).toHaveLength(0);
  });

  it('a model that does not exist', async () => {
    const run = await codex({ model: 'no-such-model' }).exec('Say something');
    expect(run.code).toBe(1);
    expect(run.errors.at(-1)).toMatch(/no-such-model/);
    expect(scene.attempts).toHaveLength(0);
  });
});

describe('limits', () => {
  it('are shown as such, and nothing is repeated', async () => {
    const log = await RequestLog.from(scene);
    scene.backend.state.always('429,resets=3600');
    const run = await codex().exec('Say something');
    expect(run.code).toBe(1);
    // The CLI names the day as well when the reset is not today.
    expect(run.errors).toEqual(Array(2).fill(expect.stringMatching(/hit your usage limit\. Try again at .*\d/)));
    expect(await log.statuses()).toEqual([429]);
  });

  it('of a plan without the service are shown as such', async () => {
    const log = await RequestLog.from(scene);
    scene.backend.state.always('429,code=usage_not_included');
    const run = await codex().exec('Say something');
    expect(run.errors.at(-1)).toMatch(/To use Codex with your ChatGPT plan, upgrade/);
    expect(await log.statuses()).toEqual([429]);
  });

  it('that pass soon are waited out', async () => {
    const log = await RequestLog.from(scene);
    scene.backend.state.next('429,code=rate_limit_exceeded,after=1', { times: 2 });
    const run = await codex().exec('Say something');
    expect(run.code).toBe(0);
    expect(run.errors).toEqual([expect.stringMatching(/429/)]);
    expect(await log.statuses()).toEqual([429, 200]);
  });
});

it('falls back from the WebSocket after one attempt, at once', async () => {
  const log = await RequestLog.from(scene);
  const run = await codex({ variant: 'base-url' }).exec('Say something');
  expect(run).toMatchObject({ code: 0, errors: [] });
  const requests = await log.requests();
  const upgrades = requests.filter(({ method, path }) => method === 'GET' && path === '/v1/responses');
  expect(upgrades.map(({ status }) => status)).toEqual([426]);
  const turn = requests.find(({ method }) => method === 'POST')!;
  expect(Number(turn.time) - Number(turn.ms) - Number(upgrades[0]!.time)).toBeLessThan(2_000);
  expect(run.ms).toBeLessThan(20_000);
});

it('stays with a model that is silent for longer than the client waits', async () => {
  const cli = codex({ providerSettings: ['stream_idle_timeout_ms = 2500', 'stream_max_retries = 0'] });
  const run = await cli.exec('Say something #scenario=text,first=6000#');
  expect(run).toMatchObject({ code: 0, errors: [] });
  expect(scene.attempts).toHaveLength(1);
});
