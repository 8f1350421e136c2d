import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KEY } from '../support/gateway-process.js';
import { GatewayScene } from '../support/gateway-scene.js';
import { OpencodeCli } from './support/opencode-cli.js';
import { PROTOCOLS } from './support/protocols.js';

let scene: GatewayScene;
beforeAll(async () => {
  scene = await GatewayScene.open();
});
afterAll(() => scene.close());
beforeEach(() => scene.pool(2));

describe.each(PROTOCOLS)('opencode over %s', (protocol) => {
  let opencode: OpencodeCli;
  beforeEach(() => {
    opencode = new OpencodeCli(scene.gateway.url, KEY, protocol);
  });
  afterEach(() => opencode.remove());

  it('answers', async () => {
    const run = await opencode.run('Say hello');
    expect([run.cli.code, run.errors]).toEqual([0, []]);
    expect(run.text).toMatch(/Sandbox answer [^]*Say hello/);
    expect(run.parts('step-finish').at(-1)).toMatchObject({ reason: 'stop', tokens: { output: expect.any(Number) } });
  });

  it('runs the command that the model asks for', async () => {
    const run = await opencode.run('Run a command #scenario=tool-turn#');
    expect([run.cli.code, run.errors]).toEqual([0, []]);
    expect(run.parts('tool')).toMatchObject([
      { tool: 'bash', state: { status: 'completed', output: expect.stringMatching(/^sandbox\n?$/) } },
    ]);
    expect(run.text).toMatch(/The tool answered: [^]*sandbox/);
    expect(run.parts('step-finish').map(({ reason }) => reason)).toEqual(['tool-calls', 'stop']);
  });

  it('tells its user why a request was refused', async () => {
    scene.backend.state.always('400,code=invalid_prompt');
    const run = await opencode.run('Say hello');
    expect(JSON.stringify(run.errors)).toMatch(/invalid_prompt|prompt/i);
  });
});
