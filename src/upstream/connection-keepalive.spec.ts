import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { testConfig } from '../../test/support/test-config.js';
import { closeUpstream, eventually, post, readAll, upstreamClient } from '../../test/support/upstream-harness.js';
import { closedPort, startHttp } from '../../test/support/upstream-servers.js';
import { ConnectionKeepalive } from './connection-keepalive.js';
import type { UpstreamClient } from './upstream.client.js';

afterEach(closeUpstream);
afterEach(() => void jest.useRealTimers());

describe('ConnectionKeepalive', () => {
  it('pings over the connection that calls use, and leaves it open', async () => {
    const methods: string[] = [];
    const server = await startHttp((request, response) => {
      methods.push(`${request.method} ${request.url}`);
      response.end();
    });
    const client = upstreamClient();
    const keepalive = new ConnectionKeepalive(testConfig({ baseUrl: server.url.href }), client);
    for (const turn of [
      () => client.open(post(server)).then(({ body }) => readAll(body)),
      () => keepalive.ping(),
      () => keepalive.ping(),
    ]) {
      await turn();
      await eventually(() => client.stats()[0]!.idle === 1);
    }
    expect(methods).toEqual(['POST /backend-api/codex', 'HEAD /backend-api/codex', 'HEAD /backend-api/codex']);
    expect(server.accepted()).toBe(1);
  });

  it('does not mind a backend that is away', async () => {
    const baseUrl = `http://127.0.0.1:${await closedPort()}/codex`;
    const debug = jest.spyOn(Logger.prototype, 'debug').mockImplementation(() => {});
    await new ConnectionKeepalive(testConfig({ baseUrl }), upstreamClient()).ping();
    expect(debug).toHaveBeenCalledTimes(1);
    debug.mockRestore();
  });

  it('pings at its interval without overlapping, until it is stopped', () => {
    jest.useFakeTimers();
    const open = jest.fn(() => new Promise<never>(() => {}));
    const keepalive = new ConnectionKeepalive(testConfig({ keepaliveInterval: 60 }), { open } as unknown as UpstreamClient);
    keepalive.onApplicationBootstrap();
    jest.advanceTimersByTime(59_999);
    expect(open).not.toHaveBeenCalled();
    jest.advanceTimersByTime(180_000);
    expect(open).toHaveBeenCalledTimes(1);
    keepalive.onModuleDestroy();
    expect(jest.getTimerCount()).toBe(0);
  });

  it('is off at 0', () => {
    jest.useFakeTimers();
    new ConnectionKeepalive(testConfig({ keepaliveInterval: 0 }), {} as UpstreamClient).onApplicationBootstrap();
    expect(jest.getTimerCount()).toBe(0);
  });
});
