import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { KEY } from '../support/gateway-process.js';
import { GatewayScene } from '../support/gateway-scene.js';
import { PiCli } from './support/pi-cli.js';
import { PROTOCOLS } from './support/protocols.js';

let scene: GatewayScene;
beforeAll(async () => {
  scene = await GatewayScene.open();
});
afterAll(() => scene.close());
beforeEach(() => scene.pool(2));

describe.each(PROTOCOLS)('pi over %s', (protocol) => {
  let pi: PiCli;
  beforeEach(() => {
    pi = new PiCli(scene.gateway.url, KEY, protocol);
  });
  afterEach(() => pi.remove());

  it('answers', async () => {
    const run = await pi.run('Say hello');
    expect(run.answers.map(({ stopReason, errorMessage }) => [stopReason, errorMessage])).toEqual([['stop', undefined]]);
    expect(run.text).toMatch(/^Sandbox answer .*Say hello/);
    expect(run.answers[0]!.usage!.input).toBeGreaterThan(0);
    expect(run.answers[0]!.usage!.output).toBeGreaterThan(0);
  });

  // Over Responses events are passed on as they come, and pi keeps only one call in mind: interleaved arguments are beyond it.
  it.each(['tool-turn', ...(protocol === 'responses' ? [] : ['tools,name=bash,n=2'])])(
    'runs the commands that the model asks for (%s)',
    async (scenario) => {
      const run = await pi.run(`Run a command #scenario=${scenario}#`);
      const count = scenario === 'tool-turn' ? 1 : 2;
      expect(run.tools).toEqual(Array(count).fill({ name: 'bash', output: expect.stringMatching(/^sandbox\n?$/), failed: false }));
      expect(run.answers.map(({ stopReason }) => stopReason)).toEqual(['toolUse', 'stop']);
      expect(run.text).toMatch(/^The tool answered: sandbox/);
      expect(new Set(scene.attemptedOn).size).toBe(1);
    },
  );

  it('thinks, and the thought comes back in the next turn of the model', async () => {
    const run = await pi.run('Think #scenario=reasoning,summary=always#', ['--thinking', 'low']);
    expect(run.answers.at(-1)!.content.find(({ type }) => type === 'thinking')?.thinking).toMatch(/Reading the request/);
  });

  it('never notices that an account failed', async () => {
    scene.backend.state.next('500');
    expect((await pi.run('Say hello')).text).toContain('Say hello');
    expect(new Set(scene.attemptedOn).size).toBe(2);
  });

  it('tells its user why a request was refused', async () => {
    scene.backend.state.always('400,code=invalid_prompt');
    const run = await pi.run('Say hello');
    expect(run.answers.at(-1)).toMatchObject({ stopReason: 'error', errorMessage: expect.stringMatching(/400|prompt/i) });
  });
});
