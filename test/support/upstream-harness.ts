import type { KeyValues } from '../../src/config/config.js';
import { DispatcherFactory } from '../../src/upstream/dispatcher.factory.js';
import { UnansweredCalls } from '../../src/upstream/unanswered-calls.js';
import { UpstreamClient } from '../../src/upstream/upstream.client.js';
import { UpstreamFailure } from '../../src/upstream/upstream-failure.js';
import type { ByteStream, UpstreamCall } from '../../src/upstream/upstream-types.js';
import { testConfig } from './test-config.js';
import { closeServers, TestServer } from './upstream-servers.js';
import { TEST_CERTIFICATE } from './upstream-tls.js';

const factories: DispatcherFactory[] = [];

/** A client of its own, with the certificate of the test servers trusted. */
export function upstreamClient(patch: Partial<KeyValues> = {}): UpstreamClient {
  const config = testConfig(patch);
  const factory = new DispatcherFactory(config, { ca: TEST_CERTIFICATE });
  factories.push(factory);
  return new UpstreamClient(config, factory, new UnansweredCalls());
}

/** For `afterEach`. */
export async function closeUpstream(): Promise<void> {
  await Promise.all(factories.splice(0).map((factory) => factory.onApplicationShutdown()));
  await closeServers();
}

export const post = (server: Pick<TestServer, 'url'>, patch: Partial<UpstreamCall> = {}): UpstreamCall => ({
  url: server.url,
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{}',
  ...patch,
});

/** The failure a promise rejects with. */
export const failureOf = async (promise: Promise<unknown>): Promise<UpstreamFailure> => {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof UpstreamFailure) return error;
  throw new Error(`expected an UpstreamFailure, got ${String(error)}`);
};

export async function readAll(body: ByteStream): Promise<string> {
  let text = '';
  for (let bytes = await body.read(); bytes !== null; bytes = await body.read()) text += bytes.toString();
  return text;
}

/** Waits for something that a socket will bring about; fails after five seconds. */
export async function eventually(holds: () => boolean): Promise<void> {
  const until = Date.now() + 5000;
  while (!holds()) {
    if (Date.now() > until) throw new Error('it did not happen');
    await new Promise((resolve) => setImmediate(resolve));
  }
}
