import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import OpenAI4 from 'openai4';
import OpenAI6 from 'openai6';
import { zodResponseFormat as zodResponseFormat6 } from 'openai6/helpers/zod';
import OpenAI7 from 'openai7';
import { zodResponseFormat as zodResponseFormat7 } from 'openai7/helpers/zod';
import { z } from 'zod';
import { KEY } from '../support/gateway-process.js';
import { GatewayScene } from '../support/gateway-scene.js';

type Completions = OpenAI7['chat']['completions'];

const MODEL = 'gpt-5.4';
const animal = z.object({ name: z.string(), kind: z.enum(['cat', 'dog']), legs: z.array(z.number()) });
const ANIMAL = zodResponseFormat7(animal, 'animal');
// The three majors have the same face as far as it is used here; 4 keeps its helpers under `beta` and knows only an older zod.
const VERSIONS = [
  { version: 7, OpenAI: OpenAI7, format: ANIMAL, helpers: (client: OpenAI7): Completions => client.chat.completions },
  {
    version: 6,
    OpenAI: OpenAI6 as unknown as typeof OpenAI7,
    format: zodResponseFormat6(animal, 'animal') as unknown as typeof ANIMAL,
    helpers: (client: OpenAI7): Completions => client.chat.completions,
  },
  {
    version: 4,
    OpenAI: OpenAI4 as unknown as typeof OpenAI7,
    format: { type: ANIMAL.type, json_schema: ANIMAL.json_schema } as typeof ANIMAL,
    helpers: (client: OpenAI7): Completions =>
      (client as unknown as { beta: { chat: { completions: Completions } } }).beta.chat.completions,
  },
];
const WEATHER = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'Weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string', enum: ['Oslo'] } }, required: ['city'] },
  },
} as const;

let scene: GatewayScene;
beforeAll(async () => {
  scene = await GatewayScene.open();
});
afterAll(() => scene.close());
beforeEach(() => scene.pool(2));

describe.each(VERSIONS)('openai $version, Chat Completions', ({ version, OpenAI, format, helpers }) => {
  const client = (options: Partial<ConstructorParameters<typeof OpenAI>[0]> = {}): OpenAI7 =>
    new OpenAI({ baseURL: `${scene.gateway.url}/v1`, apiKey: KEY, maxRetries: 0, ...options });
  const say = (content: string) => ({ model: MODEL, messages: [{ role: 'user' as const, content }] });
  /** The error that a call ends with. */
  const errorOf = async (call: PromiseLike<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> => {
    const error: unknown = await Promise.resolve(call).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(OpenAI.OpenAIError);
    return error as InstanceType<typeof OpenAI.APIError>;
  };

  describe('create', () => {
    it('gives a whole completion', async () => {
      const completion = await client().chat.completions.create({
        model: MODEL,
        messages: [
          { role: 'system', content: 'Be short.' },
          { role: 'user', content: [{ type: 'text', text: 'Say hello' }] },
        ],
      });
      expect(completion).toMatchObject({
        id: expect.stringMatching(/^chatcmpl-/),
        object: 'chat.completion',
        created: expect.any(Number),
        model: MODEL,
        choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', refusal: null } }],
      });
      expect(completion.choices[0]!.message.content).toMatch(/^Sandbox answer .*Say hello/);
      const usage = completion.usage!;
      expect(usage.total_tokens).toBe(usage.prompt_tokens + usage.completion_tokens);
      expect(completion._request_id).toMatch(/^req_/);
    });

    it.each([true, false])('streams chunks; usage only where it is asked for (%s)', async (include_usage) => {
      const stream = await client().chat.completions.create({
        ...say('Say hello'),
        stream: true,
        ...(include_usage && { stream_options: { include_usage } }),
      });
      const chunks: OpenAI7.Chat.ChatCompletionChunk[] = [];
      for await (const chunk of stream) chunks.push(chunk);
      const text = chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
      expect(text).toMatch(/^Sandbox answer .*Say hello/);
      expect(chunks[0]!.choices[0]!.delta.role).toBe('assistant');
      expect(new Set(chunks.map(({ id, object, model }) => `${id} ${object} ${model}`)).size).toBe(1);
      expect(chunks.flatMap(({ choices }) => choices.map((choice) => choice.finish_reason)).filter(Boolean)).toEqual(['stop']);
      expect(chunks.filter(({ usage }) => usage).length).toBe(include_usage ? 1 : 0);
      if (include_usage) expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: expect.any(Number) } });
    });

    it('says that an answer was cut', async () => {
      const completion = await client().chat.completions.create(say('Say hello #scenario=incomplete#'));
      expect(completion.choices[0]!.finish_reason).toBe('length');
    });

    it('ends at a stop sequence, which is not part of the text', async () => {
      scene.backend.state.next('text,text=one two STOP three');
      const completion = await client().chat.completions.create({ ...say('Count'), stop: ['STOP'] });
      expect(completion.choices[0]).toMatchObject({ finish_reason: 'stop', message: { content: 'one two ' } });
    });

    it('sends images', async () => {
      const url = 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
      await client().chat.completions.create({
        model: MODEL,
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'What is it?' },
              { type: 'image_url', image_url: { url, detail: 'low' } },
            ],
          },
        ],
      });
      expect(scene.attempts[0]!.body).toMatchObject({
        input: [{ role: 'user', content: [{ type: 'input_text' }, { type: 'input_image', image_url: url, detail: 'low' }] }],
      });
    });

    it('calls tools and takes their output', async () => {
      const messages: OpenAI7.Chat.ChatCompletionMessageParam[] = [{ role: 'user', content: 'What is the weather? #scenario=tools,n=2#' }];
      const first = await client().chat.completions.create({ model: MODEL, messages, tools: [WEATHER] });
      const { message, finish_reason } = first.choices[0]!;
      expect([finish_reason, message.content, message.tool_calls!.length]).toEqual(['tool_calls', null, 2]);
      messages.push(message);
      for (const { id } of message.tool_calls!) messages.push({ role: 'tool', tool_call_id: id, content: `sunny ${id}` });
      const second = await client().chat.completions.create({ model: MODEL, messages, tools: [WEATHER] });
      expect(second.choices[0]!.message.content).toMatch(/^The tool answered: .*sunny call_/);
    });
  });

  describe('stream', () => {
    it.each([
      'text',
      'text,output=filled',
      'text,deltas=drop',
      'text,terminal=done',
      'unknown',
      'reasoning,rate-limits=yes',
      'commentary',
      'web-search',
      'long,n=300',
    ])('takes %s', async (scenario) => {
      scene.backend.state.next(scenario);
      const stream = helpers(client()).stream(say('Say hello'));
      let text = '';
      stream.on('content', (delta) => void (text += delta));
      const final = await stream.finalChatCompletion();
      expect(final.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant', content: text } });
      expect(text.length).toBeGreaterThan(5);
    });

    it.each(['tool', 'tools,n=3', 'tools,n=3,deltas=drop', 'text-and-tool'])('assembles the calls of %s', async (scenario) => {
      scene.backend.state.next(scenario);
      const final = await helpers(client())
        .stream({ ...say('Weather?'), tools: [WEATHER] })
        .finalChatCompletion();
      const { finish_reason, message } = final.choices[0]!;
      const calls = message.tool_calls as { id: string; type: string; function: { name: string; arguments: string } }[];
      expect(finish_reason).toBe('tool_calls');
      expect(calls).toHaveLength(scenario.startsWith('tools') ? 3 : 1);
      expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
      for (const call of calls) {
        expect([call.type, call.function.name, JSON.parse(call.function.arguments)]).toEqual(['function', 'get_weather', { city: 'Oslo' }]);
      }
    });

    it('shows a refusal', async () => {
      const final = await helpers(client()).stream(say('Do it #scenario=refusal#')).finalChatCompletion();
      const { content, refusal } = final.choices[0]!.message;
      // The helper of 7 begins with an empty text where the others have none.
      expect([content || null, refusal]).toEqual([null, expect.stringMatching(/./)]);
    });
  });

  describe('runTools', () => {
    const run = (stream: boolean, scenario: string) => {
      const cities: string[] = [];
      const tool = {
        type: 'function' as const,
        function: {
          ...WEATHER.function,
          parse: (text: string) => JSON.parse(text) as { city: string },
          function: async ({ city }: { city: string }) => {
            cities.push(city);
            return `sunny in ${city}`;
          },
        },
      };
      const body = { ...say(`What is the weather? #scenario=${scenario}#`), tools: [tool] };
      const completions = helpers(client());
      const runner = stream
        ? completions.runTools({ ...body, stream: true } as unknown as Parameters<Completions['runTools']>[0])
        : completions.runTools(body as unknown as Parameters<Completions['runTools']>[0]);
      return { runner, cities };
    };

    it.each([
      [false, 'tool'],
      [true, 'tool'],
      [false, 'tools,n=3'],
      [true, 'tools,n=3'],
    ])('runs what the model calls (stream: %s, %s)', async (stream, scenario) => {
      const { runner, cities } = run(stream, scenario);
      expect(await runner.finalContent()).toMatch(/^The tool answered: .*sunny in Oslo/);
      expect(cities).toEqual(Array(scenario === 'tool' ? 1 : 3).fill('Oslo'));
      expect(scene.attempts).toHaveLength(2);
    });
  });

  it('gives objects of a schema', async () => {
    const completion = await helpers(client()).parse({ ...say('An animal'), response_format: format });
    const message = completion.choices[0]!.message;
    const parsed = version === 4 ? (JSON.parse(message.content!) as unknown) : message.parsed;
    expect(animal.parse(parsed)).toEqual(parsed);
    const streamed = await helpers(client())
      .stream({ ...say('An animal'), response_format: format })
      .finalChatCompletion();
    expect(animal.parse(JSON.parse(streamed.choices[0]!.message.content!))).toBeTruthy();
    const loose = await client().chat.completions.create({ ...say('An animal'), response_format: { type: 'json_object' } });
    expect(JSON.parse(loose.choices[0]!.message.content!)).toEqual(expect.any(Object));
  });

  describe('errors', () => {
    it.each([
      ['400,code=context_length_exceeded', 'BadRequestError', 400, 'context_length_exceeded', 'messages'],
      ['429,resets=3600', 'RateLimitError', 429, 'rate_limit_exceeded', null],
      ['500', 'InternalServerError', 500, 'server_error', null],
      ['503', 'InternalServerError', 503, 'server_is_overloaded', null],
    ] as const)('%s is a %s', async (scenario, name, status, code, param) => {
      for (const stream of [false, true]) {
        scene.backend.state.always(scenario);
        const error = await errorOf(client().chat.completions.create({ ...say('Say hello'), stream }));
        expect(error).toBeInstanceOf(OpenAI[name]);
        expect([error.status, error.code, error.param]).toEqual([status, code, param]);
        scene.backend.state.calm();
        await scene.pool(2);
      }
    });

    it('names the field that is wrong, and the key', async () => {
      const wrong = await errorOf(client().chat.completions.create({ model: MODEL, messages: [{ role: 'chef' as 'user', content: 'x' }] }));
      expect([wrong.status, wrong.param]).toEqual([400, 'messages[0].role']);
      expect(await errorOf(client({ apiKey: 'sk-wrong' }).chat.completions.create(say('x')))).toBeInstanceOf(OpenAI.AuthenticationError);
      const unknown = await errorOf(client().chat.completions.create({ ...say('x'), model: 'llama' }));
      expect([unknown.status, unknown.code, unknown.param]).toEqual([404, 'model_not_found', 'model']);
    });

    it.each(['text,fail=4', 'text,cut=4', 'text,delay=20,reset=4'])('throws where a stream fails after output (%s)', async (scenario) => {
      scene.backend.state.next(scenario);
      const stream = await client().chat.completions.create({ ...say('Say hello'), stream: true });
      let text = '';
      const reading = (async () => {
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? '';
      })();
      await errorOf(reading);
      expect(text.length).toBeGreaterThan(0);
    });
  });

  it('leaves when it is aborted', async () => {
    scene.backend.state.next('long,n=10000,delay=5');
    const stream = await client().chat.completions.create({ ...say('Go on'), stream: true });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    expect(await scene.waitForRequest(({ aborted }) => aborted)).toBeTruthy();
  });
});
