import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ask } from '../measure/probe.ts';
import { requestBytes } from '../measure/request-body.ts';
import { scenarios, type Dialect, type Question } from '../scenarios.ts';
import { UpstreamConnection } from './connection.ts';

const server = net.createServer((sock) => new UpstreamConnection(sock));
const address = { host: '127.0.0.1', port: 0 };

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  address.port = (server.address() as AddressInfo).port;
});
afterAll(() => void server.close());

const fault = (question: Question, bytes = requestBytes(question, 'gpt-5.4', address)) =>
  ask({ ...question, utf: question.variant.startsWith('utf'), paced: false, weight: 1, bytes }, address);
const question: Question = { dialect: 'responses', stream: true, variant: 'utf-100', n: 100, tools: true, historyKb: 2 };

describe('fake backend', () => {
  it.each(['responses', 'chat', 'messages'] as const)('streams a complete %s answer', async (dialect: Dialect) => {
    expect(await fault({ ...question, dialect })).toBeNull();
  });

  it('answers JSON in the dialects that have it', async () => {
    expect(await fault({ ...question, dialect: 'chat', stream: false })).toBeNull();
  });

  it('takes the 1 MB request whole and refuses it when input was dropped', async () => {
    const large = scenarios.find((s) => s.id === 'S7')!;
    expect(await fault(large)).toBeNull();
    expect(await fault({ ...large, historyKb: 2 })).toMatch('HTTP 400 {"detail":"body is shorter');
  });

  it('reads a chunked request', async () => {
    const json = JSON.stringify({ model: 'gpt-5.4', input: '#perf=utf-100#' });
    const head = 'POST /backend-api/codex/responses HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n';
    expect(await fault(question, Buffer.from(`${head}${json.length.toString(16)}\r\n${json}\r\n0\r\n\r\n`))).toBeNull();
  });
});
