import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CodexBackend, startCodexBackend } from '../../src/sandbox/codex-backend.server.js';
import { SandboxAccount, createSandboxAccount } from '../../src/sandbox/sandbox-account.js';
import { GatewayProcess, KEY } from '../support/gateway-process.js';
import { LiveStream } from '../support/live-stream.js';
import { RawClient, request } from '../support/raw-http.js';
import { ResponsesAnswer } from '../support/sse-frames.js';

let accounts: SandboxAccount[];
let backend: CodexBackend;
const gateways: GatewayProcess[] = [];

beforeEach(async () => {
  accounts = [createSandboxAccount(1), createSandboxAccount(2)];
  backend = await startCodexBackend({ accounts });
});
afterEach(async () => {
  // The directories of the first ones are used by later ones.
  for (const gateway of gateways.splice(0).reverse()) await gateway.stop('SIGKILL');
  await backend.close();
});

const start = async (config: Record<string, unknown> = {}, dir?: string): Promise<GatewayProcess> => {
  const gateway = await GatewayProcess.start({ backend, config, ...(dir === undefined ? { accounts } : { dir }) });
  gateways.push(gateway);
  return gateway;
};

const port = (gateway: GatewayProcess): number => Number(new URL(gateway.url).port);

describe('SIGTERM', () => {
  it('lets answers in flight end, refuses new connections, is not ready meanwhile, and ends with 0', async () => {
    const gateway = await start({ 'shutdown-timeout': 20 });
    const stream = await LiveStream.of(gateway.responses({ input: 'Go on #scenario=long,n=30,delay=50#', stream: true }));
    await stream.until(/output_text\.delta/);
    const json = gateway.responses({ input: 'And this #scenario=text,head=700#' });
    const pipelined = await RawClient.open(port(gateway));
    const body = JSON.stringify({ model: 'gpt-5.4', input: 'Then #scenario=long,n=20,delay=50#', stream: true });
    pipelined.send(request('POST /v1/responses', { authorization: `Bearer ${KEY}` }, body));
    await pipelined.until(/output_text\.delta/);
    await backend.waitFor(({ scenario }) => scenario === 'text,head=700');

    gateway.child.kill('SIGTERM');
    await gateway.logged(({ msg }) => msg === 'draining');
    const at = Date.now();
    await expect(RawClient.open(port(gateway))).rejects.toThrow('ECONNREFUSED');
    pipelined.send(request('GET /health/ready'));

    const answer = await stream.rest();
    expect(answer.response.status).toBe('completed');
    const whole = await ResponsesAnswer.of(json);
    expect([whole.status, whole.headers.get('connection'), whole.json.status]).toEqual([200, 'close', 'completed']);
    const seen = await pipelined.end();
    expect(seen).toMatch(/event: response\.completed[^]*HTTP\/1\.1 503 [^]*this process is shutting down/);
    expect(await gateway.ended()).toEqual({ code: 0, signal: null });
    expect(Date.now() - at).toBeLessThan(10_000);
    expect(backend.requests.filter(({ aborted }) => aborted)).toEqual([]);
  });

  it('keeps what was learned: cooldowns and accounts are there after a restart', async () => {
    const first = await start();
    backend.state.next('429,resets=300', { times: 2 });
    expect((await first.responses({ input: 'Hello' })).status).toBe(429);
    first.child.kill('SIGTERM');
    expect(await first.ended()).toEqual({ code: 0, signal: null });

    const second = await start({ 'shutdown-timeout': 1 }, first.dir);
    const turns = (): number => backend.requests.filter(({ path }) => path.endsWith('/responses')).length;
    const before = turns();
    const answer = await ResponsesAnswer.of(second.responses({ input: 'Hello' }));
    expect([answer.status, Number(answer.headers.get('retry-after')) > 250]).toEqual([429, true]);
    expect(turns()).toBe(before);
    expect(await second.health()).toMatchObject({ accounts: 2, states: { active: 2, cooling: 2, usable: 0 } });
  });

  it('cuts what has not ended after shutdown-timeout; upstream is told, and the code is 0', async () => {
    const gateway = await start({ 'shutdown-timeout': 1 });
    const stream = await LiveStream.of(gateway.responses({ input: 'Hang #scenario=text,hang=4#', stream: true }));
    await stream.until(/output_text\.delta/);
    const at = Date.now();
    gateway.child.kill('SIGTERM');
    await expect(stream.rest()).rejects.toThrow();
    await backend.waitFor(({ aborted }) => aborted);
    expect(await gateway.ended()).toEqual({ code: 0, signal: null });
    expect(Date.now() - at).toBeGreaterThanOrEqual(900);
    expect(Date.now() - at).toBeLessThan(6_000);
  });

  it('twice cuts at once', async () => {
    const gateway = await start({ 'shutdown-timeout': 60 });
    const stream = await LiveStream.of(gateway.responses({ input: 'Hang #scenario=text,hang=4#', stream: true }));
    await stream.until(/output_text\.delta/);
    gateway.child.kill('SIGTERM');
    await gateway.logged(({ msg }) => msg === 'draining');
    const at = Date.now();
    gateway.child.kill('SIGTERM');
    await expect(stream.rest()).rejects.toThrow();
    expect(await gateway.ended()).toEqual({ code: 0, signal: null });
    expect(Date.now() - at).toBeLessThan(5_000);
  });
});
