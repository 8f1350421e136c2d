import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { JsonAnswer } from './json-answer.js';
import { KeepAliveTicker } from './keep-alive-ticker.js';
import { SseWriter } from './sse-writer.js';

describe('JsonAnswer', () => {
  let app: FastifyInstance;
  let url = '';
  let handle: (answer: JsonAnswer, reply: FastifyReply) => void;
  const ticker = new KeepAliveTicker(30);

  beforeEach(async () => {
    app = fastify();
    app.decorateReply('streamed', false);
    app.get('/', (_request, reply) => {
      const writer = new SseWriter(reply, ticker, () => '\n', { draining: false });
      handle(new JsonAnswer(reply, ticker, writer), reply);
    });
    url = await app.listen({ port: 0, host: '127.0.0.1' });
  });
  afterEach(() => app.close());

  /** The body in the pieces in which it came. */
  const read = async (response: Response, onPiece: (pieces: string[]) => void): Promise<string> => {
    const pieces: string[] = [];
    for await (const chunk of response.body!) onPiece((pieces.push(Buffer.from(chunk).toString()), pieces));
    return pieces.join('');
  };

  it('is an ordinary answer where it is done before the first interval', async () => {
    handle = (answer) => {
      answer.watch(() => ({ 'x-late': 'yes' }));
      answer.end('{"a":"ü"}');
    };
    const response = await fetch(url);
    expect([response.headers.get('content-length'), response.headers.get('x-late'), await response.text()]).toEqual([
      '10',
      'yes',
      '{"a":"ü"}',
    ]);
  });

  it('sends blanks, and then the body, with the headers of the attempt that runs when the first one leaves', async () => {
    let running: JsonAnswer | undefined;
    handle = (answer) => {
      running = answer;
      answer.watch(() => ({ 'x-attempt': '1' }));
      answer.watch(() => ({ 'x-attempt': '2' }));
    };
    const response = await fetch(url);
    expect([response.status, response.headers.get('content-type'), response.headers.get('x-attempt')]).toEqual([
      200,
      'application/json; charset=utf-8',
      '2',
    ]);
    const body = await read(response, (pieces) => {
      if (pieces.length === 2) running!.end('{"a":"ü"}');
    });
    expect(body).toBe('\n\n{"a":"ü"}');
    expect(running!.begun).toBe(true);
  });

  it('leaves the reply to others once it has been given up', async () => {
    handle = (answer, reply) => {
      answer.watch(() => ({}));
      answer.giveUp();
      expect(answer.begun).toBe(false);
      void reply.code(429).send({ error: 'busy' });
    };
    expect((await fetch(url)).status).toBe(429);
  });

  it('stops when the client leaves, and whatever is asked of it afterwards is harmless', async () => {
    let running: JsonAnswer | undefined;
    let closed: Promise<unknown> | undefined;
    handle = (answer, reply) => {
      running = answer;
      closed = once(reply.raw, 'close');
      answer.watch(() => ({}));
    };
    const abort = new AbortController();
    const response = await fetch(url, { signal: abort.signal });
    expect(response.status).toBe(200);
    abort.abort();
    await closed;
    running!.end('{}');
    running!.destroy();
    running!.keepAlive();
  });
});
