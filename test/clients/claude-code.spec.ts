import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KEY } from '../support/gateway-process.js';
import { GatewayScene } from '../support/gateway-scene.js';
import { ClaudeCodeCli, type ClaudeCodeOptions } from './support/claude-code-cli.js';
import { RequestLog } from './support/request-log.js';

type Item = Record<string, unknown>;
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

let scene: GatewayScene;
const clis: ClaudeCodeCli[] = [];
const claude = (options: Partial<ClaudeCodeOptions> = {}): ClaudeCodeCli => {
  const cli = new ClaudeCodeCli({ url: scene.gateway.url, key: KEY, ...options });
  clis.push(cli);
  return cli;
};
const inputOf = (body: unknown): Item[] => (body as { input: Item[] }).input;

beforeAll(async () => {
  scene = await GatewayScene.open({ config: { 'stream-header-hold': 1, 'stream-keepalive-interval': 1 } });
});
afterAll(() => scene.close());
beforeEach(() => scene.pool(2));
afterEach(() => {
  for (const cli of clis.splice(0)) cli.remove();
});

it.each(['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'] as const)('answers (%s)', async (auth) => {
  const run = await claude({ auth }).ask('Say hello');
  expect(run.cli.code).toBe(0);
  expect(run.result).toMatchObject({ subtype: 'success', is_error: false, num_turns: 1 });
  expect(run.result!.result).toMatch(/Sandbox answer/);
  expect(Number(run.result!.usage!.input_tokens)).toBeGreaterThan(0);
  expect(Number(run.result!.usage!.output_tokens)).toBeGreaterThan(0);
});

it('runs the command that the model asks for and tells the model what came out', async () => {
  const run = await claude().ask('Run a command #scenario=tool-turn#', ['--allowedTools', 'Bash']);
  expect(run.result).toMatchObject({ subtype: 'success', is_error: false });
  expect(run.blocks('tool_use')).toMatchObject([{ name: 'Bash' }]);
  expect(run.blocks('tool_result')).toMatchObject([{ content: 'sandbox', is_error: false }]);
  expect(run.result!.result).toMatch(/^The tool answered: sandbox/);
  const [first, second] = scene.attempts.slice(-2);
  expect(second!.account).toBe(first!.account);
  expect(inputOf(second!.body).filter(({ type }) => type === 'function_call_output')).toHaveLength(1);
});

it('runs several commands of one answer', async () => {
  const run = await claude().ask('Run commands #scenario=tools,name=Bash,n=3#', ['--allowedTools', 'Bash']);
  expect(run.result).toMatchObject({ subtype: 'success', is_error: false });
  expect(run.blocks('tool_result').map(({ content }) => content)).toEqual(['sandbox', 'sandbox', 'sandbox']);
});

it('sends an image', async () => {
  const run = await claude().send([
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
    { type: 'text', text: 'What is it?' },
  ]);
  expect(run.result).toMatchObject({ subtype: 'success', is_error: false });
  expect(JSON.stringify(inputOf(scene.attempts.at(-1)!.body))).toMatch(
    /"type":"input_image","image_url":"data:image\/(?:png|jpeg|webp);base64,/,
  );
});

it('counts what fills its context, without a call of upstream', async () => {
  const log = await RequestLog.from(scene);
  const run = await claude().ask('/context');
  expect(run.cli.code).toBe(0);
  const counts = (await log.requests()).filter(({ path }) => String(path).endsWith('/count_tokens'));
  expect(counts.length).toBeGreaterThan(5);
  expect(counts.map(({ status }) => status)).toEqual(counts.map(() => 200));
  expect(scene.attempts).toEqual([]);
  expect(run.result!.result).toMatch(/tokens/i);
});

it('thinks, and hands the thought back', async () => {
  const run = await claude().ask('Think #scenario=reasoning,summary=always#');
  expect(run.result).toMatchObject({ subtype: 'success', is_error: false });
});

describe('failures', () => {
  it('of an account are never noticed', async () => {
    scene.backend.state.next('500');
    const run = await claude().ask('Say hello');
    expect(run.result).toMatchObject({ subtype: 'success', is_error: false });
    expect(run.result!.result).toMatch(/Sandbox answer/);
  });

  it('of a stream that has begun are made good by the client', async () => {
    scene.backend.state.next('text,cut=4');
    const run = await claude().ask('Say hello');
    expect(run.result).toMatchObject({ subtype: 'success', is_error: false });
  });

  it('of the request reach the user', async () => {
    scene.backend.state.always('400,code=invalid_prompt');
    const run = await claude().ask('Say hello');
    expect(run.result!.is_error).toBe(true);
    expect(run.result!.result).toMatch(/400|prompt/);
  });

  it('of the key reach the user', async () => {
    const run = await claude({ key: 'sk-wrong' }).ask('Say hello');
    expect(run.result!.is_error).toBe(true);
    expect(run.result!.result).toMatch(/key|401/i);
  });
});
