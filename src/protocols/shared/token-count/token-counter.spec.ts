import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { get_encoding } from 'tiktoken';
import { FakeClock } from '../../../../test/support/fake-clock.js';
import type { CodexBody } from '../../../executor/codex-request.js';
import { estimateTokens } from './estimate.js';
import { TokenCounter } from './token-counter.service.js';
import { TokenizerThread, TokenizerThreadOptions } from './tokenizer-thread.js';

const encoding = get_encoding('o200k_base');
const exact = (text: string): number => encoding.encode_ordinary(text).length;
const program = (source: string): URL =>
  new URL(`data:text/javascript,${encodeURIComponent(`import { parentPort } from 'node:worker_threads';${source}`)}`);

const said = (...texts: string[]): CodexBody => ({
  model: 'gpt-5.4',
  input: texts.map((text) => ({ type: 'message', role: 'user', content: [{ type: 'input_text', text }] })),
});

const PROSE = 'Counting tokens is what a client does before it decides whether to compact. ';

describe('token counter', () => {
  let thread: TokenizerThread;
  let batches: string[][];
  const clock = new FakeClock();

  const counter = (options: Partial<TokenizerThreadOptions> = {}): TokenCounter => {
    thread = new TokenizerThread({ idleMs: 60_000, stuckMs: 20_000, ...options });
    batches = [];
    const count = thread.count.bind(thread);
    thread.count = (texts) => {
      batches.push([...texts]);
      return count(texts);
    };
    return new TokenCounter(thread, clock);
  };

  let warnings: string[];
  beforeEach(() => {
    warnings = [];
    jest
      .spyOn(Logger.prototype, 'warn')
      .mockImplementation((entry: unknown) => void warnings.push(String((entry as { error: unknown }).error)));
  });
  afterEach(() => thread.close());

  it('counts what the library counts, and four for each item', async () => {
    const texts = [PROSE, 'const a = 1;', '今天天气很好', ''];
    const expected = texts.reduce((sum, text) => sum + exact(text) + 4, 0);
    await expect(counter().count(said(...texts))).resolves.toBe(expected);
  });

  it('counts instructions, calls, outputs, ciphertext, pictures and tools', async () => {
    const parameters = { type: 'object', properties: { path: { type: 'string', description: PROSE } } };
    const body: CodexBody = {
      model: 'gpt-5.4',
      instructions: 'Be brief.',
      input: [
        { type: 'function_call', call_id: 'c', name: 'read', arguments: '{"path":"/tmp/a"}' },
        {
          type: 'function_call_output',
          call_id: 'c',
          output: [
            { type: 'input_text', text: PROSE },
            { type: 'input_image', image_url: 'https://x.test/a.png' },
          ],
        },
        { type: 'reasoning', summary: [], encrypted_content: 'gAAAA'.padEnd(400, 'x') },
      ],
      tools: [{ type: 'function', name: 'read', description: 'Reads a file.', parameters, strict: false }],
    };
    const texts = ['Be brief.', 'read', '{"path":"/tmp/a"}', PROSE, 'read', 'Reads a file.', JSON.stringify(parameters)];
    const expected = texts.reduce((sum, text) => sum + exact(text), 0) + 3 * 4 + 8 + 800 + 100;
    await expect(counter().count(body)).resolves.toBe(expected);
  });

  it('is never zero', async () => {
    await expect(counter().count({ model: 'gpt-5.4', input: [] })).resolves.toBe(1);
    expect(thread.running).toBe(false);
  });

  it('tokenizes a text once, however many requests have it, and whether they come at once or later', async () => {
    const subject = counter();
    const bodies = Array.from({ length: 50 }, (_, i) => said(PROSE.repeat(50), `question ${i} of these`));
    const counts = await Promise.all(bodies.map((body) => subject.count(body)));
    expect(new Set(counts).size).toBe(1);
    expect(batches.flat()).toHaveLength(51);
    await subject.count(said(PROSE.repeat(50)));
    expect(batches.flat()).toHaveLength(51);
  });

  it('sends long requests in several messages, and takes the rest of a huge text to be like its beginning', async () => {
    const subject = counter();
    const texts = Array.from({ length: 5 }, (_, i) => `${i} ${PROSE.repeat(1000)}`);
    await expect(subject.count(said(...texts))).resolves.toBe(texts.reduce((sum, text) => sum + exact(text) + 4, 0));
    expect(batches.length).toBeGreaterThan(1);
    const huge = PROSE.repeat(20_000);
    const count = await subject.count(said(huge));
    expect(count / (exact(PROSE.repeat(1000)) * 20)).toBeCloseTo(1, 2);
    expect(batches.at(-1)![0]!.length).toBe(1_000_000);
  });

  it('estimates what would make others wait too long', async () => {
    const subject = counter();
    const texts = Array.from({ length: 20 }, (_, i) => `${i}${'a'.repeat(999_000)}`);
    const count = await subject.count(said(...texts));
    expect(count).toBeGreaterThan(0);
    expect(batches.flat()).toHaveLength(8);
    await subject.count(said('later'));
    expect(batches.flat()).toHaveLength(9);
  });

  it('estimates where the thread crashes, starts no other at once, and one later', async () => {
    const subject = counter({ worker: program(`parentPort.on('message', () => process.exit(3));`) });
    const body = said(PROSE);
    await expect(subject.count(body)).resolves.toBe(estimateTokens(body));
    await subject.count(said('other'));
    expect(batches).toHaveLength(1);
    expect(warnings).toEqual([expect.stringContaining('ended with 3')]);
    clock.advance(10_000);
    await subject.count(body);
    expect(batches).toHaveLength(2);
  });

  it('estimates where the thread cannot start', async () => {
    const body = said(PROSE);
    await expect(counter({ worker: program('throw new Error("no tables")') }).count(body)).resolves.toBe(estimateTokens(body));
    expect(thread.running).toBe(false);
  });

  it('ends a thread that hangs', async () => {
    const body = said(PROSE);
    const subject = counter({ worker: program(`parentPort.on('message', () => { for (;;); });`), stuckMs: 50 });
    await expect(subject.count(body)).resolves.toBe(estimateTokens(body));
    expect(thread.running).toBe(false);
  });

  it('ends the thread when nobody counts, and starts it again', async () => {
    const subject = counter({
      idleMs: 1,
      worker: program(`parentPort.on('message', (texts) => parentPort.postMessage(texts.map(() => 7)));`),
    });
    await expect(subject.count(said('one'))).resolves.toBe(11);
    while (thread.running) await new Promise((done) => setImmediate(done));
    await expect(subject.count(said('two'))).resolves.toBe(11);
  });

  it('stops counting for a client that is gone', async () => {
    const controller = new AbortController();
    const count = counter().count(said(PROSE), controller.signal);
    controller.abort(new Error('gone'));
    await expect(count).rejects.toThrow('gone');
  });

  it('refuses schemas too deep to be written down', async () => {
    let deep: unknown = 'x';
    for (let i = 0; i < 100_000; i++) deep = [deep];
    const tools = [{ type: 'function', name: 'f', parameters: deep }];
    await expect(counter().count({ model: 'gpt-5.4', input: [], tools })).rejects.toMatchObject({ kind: 'invalid_request' });
  });

  it('counts no more after the shutdown, and lets nobody wait', async () => {
    const subject = counter();
    const body = said(PROSE);
    const count = subject.count(body);
    await subject.onApplicationShutdown();
    await expect(count).resolves.toBe(estimateTokens(body));
    await expect(subject.count(said('more'))).resolves.toBeGreaterThan(0);
    expect(thread.running).toBe(false);
  });
});
