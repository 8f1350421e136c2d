import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI6 from 'openai6';
import { zodTextFormat as zodTextFormat6 } from 'openai6/helpers/zod';
import OpenAI7 from 'openai7';
import { zodTextFormat as zodTextFormat7 } from 'openai7/helpers/zod';
import { z } from 'zod';
import { KEY } from '../support/gateway-process.js';
import { GatewayScene } from '../support/gateway-scene.js';
import { RequestLog } from './support/request-log.js';

const VERSIONS = [
  { version: 7, OpenAI: OpenAI7, zodTextFormat: zodTextFormat7 },
  // The two majors have the same face as far as it is used here.
  { version: 6, OpenAI: OpenAI6 as unknown as typeof OpenAI7, zodTextFormat: zodTextFormat6 as unknown as typeof zodTextFormat7 },
];
const MODEL = 'gpt-5.4';
const WEATHER = {
  type: 'function',
  name: 'get_weather',
  description: 'Weather of a city',
  strict: true,
  parameters: { type: 'object', properties: { city: { type: 'string', enum: ['Oslo'] } }, required: ['city'], additionalProperties: false },
} as const;

let scene: GatewayScene;
beforeAll(async () => {
  scene = await GatewayScene.open();
});
afterAll(() => scene.close());
beforeEach(() => scene.pool(2));

describe.each(VERSIONS)('openai $version', ({ OpenAI, zodTextFormat }) => {
  const client = (options: Partial<ConstructorParameters<typeof OpenAI>[0]> = {}): OpenAI7 =>
    new OpenAI({ baseURL: `${scene.gateway.url}/v1`, apiKey: KEY, maxRetries: 0, ...options });
  /** The error that a call ends with. */
  const errorOf = async (call: PromiseLike<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> => {
    const error: unknown = await Promise.resolve(call).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(OpenAI.OpenAIError);
    return error as InstanceType<typeof OpenAI.APIError>;
  };

  describe('responses.create', () => {
    it('gives a whole Response', async () => {
      const response = await client().responses.create({ model: MODEL, input: 'Say hello', instructions: 'Be short.' });
      expect(response).toMatchObject({
        object: 'response',
        status: 'completed',
        model: MODEL,
        instructions: 'Be short.',
        output: [{ type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', annotations: [] }] }],
        error: null,
        incomplete_details: null,
      });
      expect(response.output_text).toMatch(/^Sandbox answer .*Say hello/);
      expect(response.usage).toMatchObject({
        input_tokens: expect.any(Number),
        input_tokens_details: { cached_tokens: expect.any(Number) },
        output_tokens: expect.any(Number),
        output_tokens_details: { reasoning_tokens: expect.any(Number) },
      });
      expect(response.usage!.total_tokens).toBe(response.usage!.input_tokens + response.usage!.output_tokens);
      expect(response._request_id).toMatch(/^req_/);
    });

    it('streams events whose deltas are the text of the end', async () => {
      const stream = await client().responses.create({ model: MODEL, input: 'Say hello', stream: true });
      const types: string[] = [];
      let text = '';
      let final: OpenAI7.Responses.Response | undefined;
      for await (const event of stream) {
        types.push(event.type);
        if (event.type === 'response.output_text.delta') text += event.delta;
        if (event.type === 'response.completed') final = event.response;
      }
      expect([types[0], types.at(-1)]).toEqual(['response.created', 'response.completed']);
      expect(text).toMatch(/^Sandbox answer/);
      expect(final!.output).toMatchObject([{ type: 'message', content: [{ text }] }]);
    });

    it('says why an answer is not whole', async () => {
      const response = await client().responses.create({ model: MODEL, input: 'Say hello #scenario=incomplete#' });
      expect(response).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } });
    });

    it('sends reasoning back in the next turn', async () => {
      const ask = (input: OpenAI7.Responses.ResponseInput) =>
        client().responses.create({
          model: MODEL,
          input,
          reasoning: { effort: 'low', summary: 'auto' },
          include: ['reasoning.encrypted_content'],
        });
      const question = { role: 'user', content: 'Think #scenario=reasoning#' } as const;
      const first = await ask([question]);
      expect(first.output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
      expect(first.output[0]).toMatchObject({ summary: [{ type: 'summary_text' }, {}], encrypted_content: expect.any(String) });
      const second = await ask([question, ...(first.output as OpenAI7.Responses.ResponseInput), { role: 'user', content: 'And now?' }]);
      expect(second.output_text).toContain('And now?');
      expect(scene.attemptedOn[1]).toBe(scene.attemptedOn[0]);
    });
  });

  describe('responses.stream', () => {
    it('comes to a final Response with output, text and usage', async () => {
      const deltas: string[] = [];
      const stream = client()
        .responses.stream({ model: MODEL, input: 'Say hello' })
        .on('response.output_text.delta', ({ delta }) => void deltas.push(delta));
      const final = await stream.finalResponse();
      expect(final.status).toBe('completed');
      expect(final.output_text).toBe(deltas.join(''));
      expect(final.output).toHaveLength(1);
      expect(final.usage!.total_tokens).toBeGreaterThan(0);
    });

    it.each([
      'text,output=filled',
      'text,output=missing',
      'text,deltas=drop',
      'text,terminal=done',
      'unknown',
      'reasoning,rate-limits=yes',
      'commentary',
      'tools,n=3',
      'web-search',
    ])('takes %s', async (scenario) => {
      scene.backend.state.next(scenario);
      const stream = client().responses.stream({ model: MODEL, input: 'Say hello', tools: [WEATHER] });
      let text = '';
      stream.on('response.output_text.delta', ({ delta }) => void (text += delta));
      const final = await stream.finalResponse();
      expect(final.status).toBe('completed');
      expect(final.output.length).toBeGreaterThan(0);
      expect(text).toBe(final.output_text);
    });

    it('ends with a failed Response where upstream fails after output', async () => {
      const events: string[] = [];
      const stream = client().responses.stream({ model: MODEL, input: 'Say hello #scenario=text,fail=4#' });
      stream.on('event', ({ type }) => void events.push(type));
      const final = await stream.finalResponse();
      expect(events.at(-1)).toBe('response.failed');
      expect(final).toMatchObject({ status: 'failed', error: { code: expect.any(String), message: expect.any(String) } });
    });
  });

  describe('functions', () => {
    const callIn = ({ output }: OpenAI7.Responses.Response): OpenAI7.Responses.ResponseFunctionToolCall =>
      output.find((item) => item.type === 'function_call') as OpenAI7.Responses.ResponseFunctionToolCall;
    const question = { role: 'user', content: 'What is the weather? #scenario=tool#' } as const;

    it.each([false, true])('go there and back (streamed: %s)', async (streamed) => {
      const { responses } = client();
      const ask = (input: OpenAI7.Responses.ResponseInput): Promise<OpenAI7.Responses.Response> =>
        streamed
          ? responses.stream({ model: MODEL, input, tools: [WEATHER] }).finalResponse()
          : Promise.resolve(responses.create({ model: MODEL, input, tools: [WEATHER] }));
      const first = await ask([question]);
      const call = callIn(first);
      expect(call).toMatchObject({ name: 'get_weather', status: 'completed', call_id: expect.any(String) });
      expect(JSON.parse(call.arguments)).toEqual({ city: 'Oslo' });
      const output = { type: 'function_call_output', call_id: call.call_id, output: 'sunny, 21 degrees' } as const;
      const second = await ask([question, ...(first.output as OpenAI7.Responses.ResponseInput), output]);
      expect(second.output_text).toBe('The tool answered: sunny, 21 degrees');
    });

    it('can be forced', async () => {
      const tool_choice = { type: 'function', name: 'get_weather' } as const;
      const response = await client().responses.create({ model: MODEL, input: 'Hello', tools: [WEATHER], tool_choice });
      expect(callIn(response).name).toBe('get_weather');
      expect(response.tool_choice).toEqual(tool_choice);
    });
  });

  it('parses structured output', async () => {
    const Answer = z.object({ name: z.string(), kind: z.enum(['cat', 'dog']), legs: z.array(z.number()) });
    const response = await client().responses.parse({
      model: MODEL,
      input: 'An animal',
      text: { format: zodTextFormat(Answer, 'animal') },
    });
    expect(Answer.parse(response.output_parsed)).toEqual(response.output_parsed);
    expect(response.output_parsed!.kind).toBe('cat');
  });

  it('lists models and finds one', async () => {
    const ids: string[] = [];
    for await (const model of client().models.list()) ids.push(model.id);
    expect(ids).toEqual(expect.arrayContaining([MODEL, 'gpt-5.5', 'gpt-5.4-high-fast']));
    expect(await client().models.retrieve(MODEL)).toMatchObject({ id: MODEL, object: 'model', owned_by: 'openai' });
  });

  describe('errors', () => {
    const create = (
      options: Partial<ConstructorParameters<typeof OpenAI>[0]> = {},
      body: Partial<OpenAI7.Responses.ResponseCreateParamsNonStreaming> = {},
    ) => errorOf(client(options).responses.create({ model: MODEL, input: 'Say hello', ...body }));

    it('a wrong key is an AuthenticationError', async () => {
      const error = await create({ apiKey: 'sk-wrong' });
      expect(error).toBeInstanceOf(OpenAI.AuthenticationError);
      expect(error).toMatchObject({ status: 401, code: 'invalid_api_key', requestID: expect.stringMatching(/^req_/) });
    });

    it('an unknown model is a NotFoundError', async () => {
      const error = await create({}, { model: 'no-such-model' });
      expect(error).toBeInstanceOf(OpenAI.NotFoundError);
      expect(error).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    });

    it('a wrong body is a BadRequestError that names the field', async () => {
      const error = await create({}, { input: 5 as unknown as string });
      expect(error).toBeInstanceOf(OpenAI.BadRequestError);
      expect(error).toMatchObject({ status: 400, param: 'input', type: 'invalid_request_error' });
    });

    it('a limit of every account is a RateLimitError with retry-after, and is not repeated for an hour', async () => {
      const log = await RequestLog.from(scene);
      scene.backend.state.always('429,resets=3600');
      const error = await create({ maxRetries: 2 });
      expect(error).toBeInstanceOf(OpenAI.RateLimitError);
      expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
      expect(Number(error.headers!.get('retry-after'))).toBeGreaterThan(3_500);
      expect(await log.statuses()).toEqual([429]);
    });

    it('a short limit is waited out by the SDK itself', async () => {
      const log = await RequestLog.from(scene);
      scene.backend.state.next('429,code=rate_limit_exceeded,after=1', { times: 2 });
      const response = await client({ maxRetries: 1 }).responses.create({ model: MODEL, input: 'Say hello' });
      expect(response.status).toBe('completed');
      expect(await log.statuses()).toEqual([429, 200]);
    });

    it('what fails before output is an InternalServerError, streamed or not', async () => {
      scene.backend.state.always('500');
      for (const stream of [false, true]) {
        const error = await create({}, { stream } as object);
        expect(error).toBeInstanceOf(OpenAI.InternalServerError);
        expect(error.status).toBe(500);
      }
    });

    it('what fails after output is response.failed in the stream, and a 5xx without one', async () => {
      const input = 'Say hello #scenario=text,fail=4,code=server_error#';
      const types: string[] = [];
      for await (const event of await client().responses.create({ model: MODEL, input, stream: true })) types.push(event.type);
      expect(types.at(-1)).toBe('response.failed');
      expect((await create({}, { input })).status).toBeGreaterThanOrEqual(500);
    });
  });

  it('an account that fails is replaced without a trace', async () => {
    scene.backend.state.next('429,resets=600');
    const response = await client().responses.create({ model: MODEL, input: 'Say hello' });
    expect(response.output_text).toContain('Say hello');
    expect(new Set(scene.attemptedOn).size).toBe(2);
  });

  it('an abort ends the call upstream', async () => {
    const stream = await client().responses.create({ model: MODEL, input: 'Say much #scenario=long,n=1000,delay=20#', stream: true });
    for await (const event of stream) if (event.type === 'response.output_text.delta') break;
    const call = await scene.waitForRequest((request) => request.aborted);
    expect(call.abortedAt! - call.at).toBeLessThan(5_000);

    const controller = new AbortController();
    const pending = errorOf(
      client().responses.create({ model: MODEL, input: 'Wait #scenario=slow,first=20000#' }, { signal: controller.signal }),
    );
    const second = await scene.waitForRequest((request) => request.number > call.number && request.path.endsWith('/responses'));
    controller.abort();
    expect(await pending).toBeInstanceOf(OpenAI.APIUserAbortError);
    await scene.waitForRequest((request) => request.number === second.number && request.aborted);
  });
});
