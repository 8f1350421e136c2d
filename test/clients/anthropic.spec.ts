import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import Anthropic0 from 'anthropic0';
import { betaZodTool as betaZodTool0 } from 'anthropic0/helpers/beta/zod';
import { zodOutputFormat as zodOutputFormat0 } from 'anthropic0/helpers/zod';
import Anthropic1 from 'anthropic1';
import { betaZodTool } from 'anthropic1/helpers/beta/zod';
import { zodOutputFormat } from 'anthropic1/helpers/zod';
import { z } from 'zod';
import { KEY } from '../support/gateway-process.js';
import { GatewayScene } from '../support/gateway-scene.js';

const VERSIONS = [
  { version: '1.12', Anthropic: Anthropic1, betaZodTool, zodOutputFormat },
  // The two have the same face as far as it is used here.
  {
    version: '0.137',
    Anthropic: Anthropic0 as unknown as typeof Anthropic1,
    betaZodTool: betaZodTool0 as unknown as typeof betaZodTool,
    zodOutputFormat: zodOutputFormat0 as unknown as typeof zodOutputFormat,
  },
];
const MODEL = 'claude-sonnet-4-5';
const WEATHER = {
  name: 'get_weather',
  description: 'Weather of a city',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string', enum: ['Oslo'] } }, required: ['city'] },
};
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

type Item = Record<string, unknown>;

let scene: GatewayScene;
beforeAll(async () => {
  scene = await GatewayScene.open();
});
afterAll(() => scene.close());
beforeEach(() => scene.pool(2));

describe.each(VERSIONS)('@anthropic-ai/sdk $version', ({ version, Anthropic, betaZodTool: zodTool, zodOutputFormat: outputFormat }) => {
  const client = (options: Partial<ConstructorParameters<typeof Anthropic>[0]> = {}): Anthropic1 =>
    new Anthropic({ baseURL: scene.gateway.url, apiKey: KEY, maxRetries: 0, ...options });
  const say = (content: string) => ({ model: MODEL, max_tokens: 1000, messages: [{ role: 'user' as const, content }] });
  /** The error that a call ends with. */
  const errorOf = async (call: PromiseLike<unknown>): Promise<InstanceType<typeof Anthropic.APIError>> => {
    const error: unknown = await Promise.resolve(call).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(Anthropic.AnthropicError);
    return error as InstanceType<typeof Anthropic.APIError>;
  };
  const inputOf = (attempt: number): Item[] => (scene.attempts[attempt]!.body as { input: Item[] }).input;

  describe('messages.create', () => {
    it('gives a whole message under the name that was asked for', async () => {
      const message = await client().messages.create({ ...say('Say hello'), system: 'Be short.' });
      expect(message).toMatchObject({
        id: expect.stringMatching(/^msg_/),
        type: 'message',
        role: 'assistant',
        model: MODEL,
        stop_reason: 'end_turn',
        stop_sequence: null,
        content: [{ type: 'text', text: expect.stringMatching(/^Sandbox answer .*Say hello/) }],
      });
      expect(message.usage.input_tokens).toBeGreaterThan(0);
      expect(message.usage.output_tokens).toBeGreaterThan(0);
      expect(message._request_id).toMatch(/^req_/);
      expect(scene.attempts[0]!.body).toMatchObject({ model: expect.stringMatching(/^gpt-/), instructions: 'Be short.' });
    });

    it('streams events in the order of the API', async () => {
      const stream = await client().messages.create({ ...say('Say hello'), stream: true });
      const types: string[] = [];
      for await (const event of stream) types.push(event.type);
      expect(types.filter((type, i) => type !== types[i - 1])).toEqual([
        'message_start',
        'content_block_start',
        'content_block_delta',
        'content_block_stop',
        'message_delta',
        'message_stop',
      ]);
    });

    it.each([
      ['incomplete', {}, { stop_reason: 'max_tokens' }],
      ['refusal', {}, { stop_reason: 'refusal' }],
      [
        'text,text=one two STOP three',
        { stop_sequences: ['STOP'] },
        { stop_reason: 'stop_sequence', stop_sequence: 'STOP', content: [{ text: 'one two ' }] },
      ],
    ])('says how %s ended', async (scenario, extra, expected) => {
      for (const stream of [false, true]) {
        scene.backend.state.next(scenario);
        const message = stream
          ? await client()
              .messages.stream({ ...say('Say it'), ...extra })
              .finalMessage()
          : await client().messages.create({ ...say('Say it'), ...extra });
        expect(message).toMatchObject(expected);
      }
    });

    it('sends images and documents, in tool results too', async () => {
      const source = { type: 'base64' as const, media_type: 'image/png' as const, data: PIXEL };
      await client().messages.create({
        model: MODEL,
        max_tokens: 100,
        tools: [WEATHER],
        messages: [
          {
            role: 'user',
            content: [
              { type: 'image', source },
              { type: 'text', text: 'And?' },
            ],
          },
          { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: { city: 'Oslo' } }] },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'image', source }] }] },
        ],
      });
      const image = { type: 'input_image', image_url: `data:image/png;base64,${PIXEL}` };
      const input = inputOf(0);
      expect(input[0]).toMatchObject({ role: 'user', content: [image, { type: 'input_text', text: 'And?' }] });
      expect(input.at(-1)).toMatchObject({ type: 'function_call_output', output: [image] });
    });
  });

  describe('messages.stream', () => {
    it.each(['text', 'text,output=filled', 'text,deltas=drop', 'text,terminal=done', 'unknown', 'commentary', 'long,n=300'])(
      'takes %s',
      async (scenario) => {
        scene.backend.state.next(scenario);
        let text = '';
        const stream = client().messages.stream(say('Say hello'));
        stream.on('text', (delta) => void (text += delta));
        const final = await stream.finalMessage();
        expect(final.stop_reason).toBe('end_turn');
        expect(final.content.map((block) => (block.type === 'text' ? block.text : '')).join('')).toBe(text);
        expect(text.length).toBeGreaterThan(10);
        expect(final.usage.output_tokens).toBeGreaterThan(0);
      },
    );

    it.each(['tool', 'tools,n=3', 'tools,n=3,deltas=drop', 'text-and-tool'])('assembles the calls of %s', async (scenario) => {
      scene.backend.state.next(scenario);
      const final = await client()
        .messages.stream({ ...say('Weather?'), tools: [WEATHER] })
        .finalMessage();
      const calls = final.content.filter((block) => block.type === 'tool_use');
      expect(final.stop_reason).toBe('tool_use');
      expect(calls).toHaveLength(scenario.startsWith('tools') ? 3 : 1);
      expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length);
      for (const call of calls) expect(call).toMatchObject({ name: 'get_weather', input: { city: 'Oslo' } });
    });

    it('shows thinking whose signature comes back as the ciphertext that upstream sent', async () => {
      const thinking = { type: 'enabled' as const, budget_tokens: 2000 };
      const question = { role: 'user' as const, content: 'Think #scenario=reasoning#' };
      const ask = (messages: Anthropic1.MessageParam[]) =>
        client().messages.stream({ model: MODEL, max_tokens: 4000, thinking, messages }).finalMessage();
      const first = await ask([question]);
      expect(first.content).toMatchObject([
        { type: 'thinking', thinking: expect.stringMatching(/Reading the request/), signature: expect.stringMatching(/./) },
        { type: 'text' },
      ]);
      await ask([question, { role: 'assistant', content: first.content }, { role: 'user', content: 'And now?' }]);
      expect(inputOf(1).find(({ type }) => type === 'reasoning')).toMatchObject({ encrypted_content: expect.stringMatching(/^gAAAA/) });
      expect(scene.attemptedOn[1]).toBe(scene.attemptedOn[0]);
    });
  });

  describe('beta.messages.toolRunner', () => {
    it.each([
      [false, 'tool'],
      [true, 'tool'],
      [false, 'tools,n=3'],
      [true, 'tools,n=3'],
    ])('runs what the model calls (stream: %s, %s)', async (stream, scenario) => {
      const cities: string[] = [];
      const weather = zodTool({
        name: 'get_weather',
        description: 'Weather of a city',
        inputSchema: z.object({ city: z.enum(['Oslo']) }),
        run: ({ city }) => {
          cities.push(city);
          return `sunny in ${city}`;
        },
      });
      const runner = client().beta.messages.toolRunner({ ...say(`What is the weather? #scenario=${scenario}#`), tools: [weather], stream });
      const final = await runner.runUntilDone();
      expect(final.content).toMatchObject([{ type: 'text', text: expect.stringMatching(/^The tool answered: .*sunny in Oslo/) }]);
      expect(cities).toEqual(Array(scenario === 'tool' ? 1 : 3).fill('Oslo'));
      expect(scene.attempts).toHaveLength(2);
    });
  });

  it('counts tokens without a call', async () => {
    const few = await client().messages.countTokens({ model: MODEL, messages: [{ role: 'user', content: 'Hello' }] });
    const many = await client().messages.countTokens({
      model: MODEL,
      system: 'Be short. '.repeat(50),
      tools: [WEATHER],
      messages: [{ role: 'user', content: 'Hello' }],
    });
    expect(few.input_tokens).toBeGreaterThan(0);
    expect(many.input_tokens).toBeGreaterThan(few.input_tokens + 100);
    expect(scene.attempts).toEqual([]);
  });

  it('gives objects of a schema', async () => {
    // 0.137 leaves enums out of the schema that it sends.
    const animal = z.object({ name: z.string(), legs: z.array(z.number()), wild: z.boolean() });
    const message = await client().messages.parse({ ...say('An animal'), output_config: { format: outputFormat(animal) } });
    expect(animal.parse(message.parsed_output)).toEqual(message.parsed_output);
  });

  it('lists models in pages, aliases among them', async () => {
    const ids: string[] = [];
    for await (const { id, type } of client().models.list({ limit: 50 })) {
      expect(type).toBe('model');
      ids.push(id);
    }
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(142);
    expect(ids).toEqual(expect.arrayContaining(['gpt-5.4', MODEL]));
    expect(await client().models.retrieve(MODEL)).toMatchObject({ type: 'model', id: MODEL });
  });

  describe('errors', () => {
    it.each([
      ['400,code=context_length_exceeded', 'BadRequestError', 400, 'invalid_request_error', /^prompt is too long/],
      ['429,resets=3600', 'RateLimitError', 429, 'rate_limit_error', /./],
      ['500', 'InternalServerError', 500, 'api_error', /./],
      ['502', 'InternalServerError', 500, 'api_error', /./],
      ['503', 'InternalServerError', 529, 'overloaded_error', /./],
    ] as const)('%s is a %s', async (scenario, name, status, type, message) => {
      for (const stream of [false, true]) {
        scene.backend.state.always(scenario);
        const error = await errorOf(client().messages.create({ ...say('Say hello'), stream }));
        expect(error).toBeInstanceOf(Anthropic[name]);
        const body = error.error as { type: string; error: { type: string; message: string }; request_id: string };
        expect([error.status, body.type, body.error.type]).toEqual([status, 'error', type]);
        expect(body.error.message).toMatch(message);
        expect(body.request_id).toBe(error.requestID);
        scene.backend.state.calm();
        await scene.pool(2);
      }
    });

    it('knows a wrong key and an unknown model', async () => {
      expect(await errorOf(client({ apiKey: 'sk-wrong' }).messages.create(say('x')))).toBeInstanceOf(Anthropic.AuthenticationError);
      expect(await errorOf(client().messages.create({ ...say('x'), model: 'llama' }))).toBeInstanceOf(Anthropic.NotFoundError);
      expect((await client({ apiKey: null, authToken: KEY }).messages.create(say('Bearer'))).stop_reason).toBe('end_turn');
    });

    it.each(['text,fail=4', 'text,cut=4', 'text,delay=20,reset=4'])('throws where a stream fails after output (%s)', async (scenario) => {
      scene.backend.state.next(scenario);
      let text = '';
      const stream = client().messages.stream(say('Say hello'));
      stream.on('text', (delta) => void (text += delta));
      await errorOf(stream.finalMessage());
      expect(text.length).toBeGreaterThan(0);
    });
  });

  if (version === '1.12') {
    it('goes on without a thread where one is asked for', async () => {
      const thread = client().beta.messages.thread({
        model: MODEL,
        max_tokens: 1000,
        unsupportedRequestBehavior: 'continue_unthreaded',
      });
      const first = await thread.send({ role: 'user', content: 'The first question' });
      const second = await thread.send({ role: 'user', content: 'The second question' });
      expect([first.stop_reason, second.stop_reason]).toEqual(['end_turn', 'end_turn']);
      expect(JSON.stringify(inputOf(1))).toMatch(/The first question.*Sandbox answer.*The second question/);
    });
  }

  it('leaves when it is aborted', async () => {
    scene.backend.state.next('long,n=10000,delay=5');
    const stream = await client().messages.create({ ...say('Go on'), stream: true });
    for await (const event of stream) if (event.type === 'content_block_delta') break;
    expect(await scene.waitForRequest(({ aborted }) => aborted)).toBeTruthy();
  });
});
