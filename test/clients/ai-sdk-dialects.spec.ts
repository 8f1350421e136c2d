import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateObject, generateText, type LanguageModel, stepCountIs, streamObject, streamText, tool } from 'ai';
import * as ai5 from 'ai5';
import { createAnthropic as createAnthropic5 } from 'ai5-anthropic';
import { createOpenAI as createOpenAI5 } from 'ai5-openai';
import { createOpenAICompatible as createOpenAICompatible5 } from 'ai5-openai-compatible';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { KEY } from '../support/gateway-process.js';
import { GatewayScene } from '../support/gateway-scene.js';

const ai7 = { generateObject, generateText, stepCountIs, streamObject, streamText, tool };
type Connect = (model: string, apiKey: string) => LanguageModel;

let scene: GatewayScene;
const base = (apiKey: string) => ({ baseURL: `${scene.gateway.url}/v1`, apiKey });
const compatible = { name: 'gateway', includeUsage: true, supportsStructuredOutputs: true };
const PROVIDERS: { name: string; connect: Connect; connect5: unknown }[] = [
  {
    name: 'openai-compatible',
    connect: (model, key) => createOpenAICompatible({ ...compatible, ...base(key) })(model),
    connect5: (model: string, key: string) => createOpenAICompatible5({ ...compatible, ...base(key) })(model),
  },
  {
    name: 'openai.chat',
    connect: (model, key) => createOpenAI(base(key)).chat(model),
    connect5: (model: string, key: string) => createOpenAI5(base(key)).chat(model),
  },
  {
    name: 'anthropic',
    connect: (model, key) => createAnthropic(base(key))(model),
    connect5: (model: string, key: string) => createAnthropic5(base(key))(model),
  },
];
// The two majors have the same face as far as it is used here.
const CASES = PROVIDERS.flatMap(({ name, connect, connect5 }) => [
  { version: 7, name, ai: ai7, connect },
  { version: 5, name, ai: ai5 as unknown as typeof ai7, connect: connect5 as Connect },
]);

beforeAll(async () => {
  scene = await GatewayScene.open();
});
afterAll(() => scene.close());
beforeEach(() => scene.pool(2));

describe.each(CASES)('ai $version over $name', ({ ai, connect, name }) => {
  const settings = (model = 'gpt-5.4', key = KEY) => ({ maxRetries: 0, model: connect(model, key) });
  const errorOf = async (call: PromiseLike<unknown>): Promise<Record<string, unknown>> =>
    Promise.resolve(call).then(
      () => {
        throw new Error('did not fail');
      },
      (reason: unknown) => reason as Record<string, unknown>,
    );
  /** A tool whose execution can be seen. */
  const weather = () => {
    const cities: string[] = [];
    const get_weather = ai.tool({
      description: 'Weather of a city',
      inputSchema: z.object({ city: z.enum(['Oslo']) }),
      execute: async ({ city }: { city: string }) => {
        cities.push(city);
        return `sunny in ${city}`;
      },
    });
    return { cities, tools: { get_weather } };
  };

  it('generates text', async () => {
    const { text, finishReason, usage, response } = await ai.generateText({ ...settings(), prompt: 'Say hello' });
    expect(text).toMatch(/^Sandbox answer .*Say hello/);
    expect([finishReason, response.modelId]).toEqual(['stop', 'gpt-5.4']);
    expect(usage.inputTokens).toBeGreaterThan(0);
    expect(usage.outputTokens).toBeGreaterThan(0);
  });

  it.each(['text', 'text,output=missing', 'text,deltas=drop', 'reasoning,rate-limits=yes', 'commentary', 'unknown', 'long,n=200'])(
    'streams %s',
    async (scenario) => {
      scene.backend.state.next(scenario);
      const errors: unknown[] = [];
      const result = ai.streamText({ ...settings(), prompt: 'Say hello', onError: ({ error }) => void errors.push(error) });
      let text = '';
      for await (const piece of result.textStream) text += piece;
      expect(errors).toEqual([]);
      expect(text.length).toBeGreaterThan(10);
      expect([await result.text, await result.finishReason]).toEqual([text, 'stop']);
      expect((await result.usage).outputTokens).toBeGreaterThan(0);
    },
  );

  it.each(['tool', 'tools,n=3', 'tool,deltas=drop'])('runs tools and answers with what they say (%s)', async (scenario) => {
    for (const stream of [false, true]) {
      const { cities, tools } = weather();
      const call = { ...settings(), prompt: `What is the weather? #scenario=${scenario}#`, tools, stopWhen: ai.stepCountIs(3) };
      const result = stream ? ai.streamText(call) : await ai.generateText(call);
      expect(await result.text).toMatch(/^The tool answered: .*sunny in Oslo/);
      expect(cities.length).toBe(scenario.startsWith('tools') ? 3 : 1);
      expect(await result.steps).toHaveLength(2);
    }
  });

  it('generates and streams objects of a schema', async () => {
    const schema = z.object({ name: z.string(), kind: z.enum(['cat', 'dog']), legs: z.array(z.number()) });
    const { object } = await ai.generateObject({ ...settings(), schema, prompt: 'An animal' });
    expect(schema.parse(object)).toEqual(object);
    const streamed = ai.streamObject({ ...settings(), schema, prompt: 'An animal' });
    for await (const _ of streamed.partialObjectStream);
    expect(schema.parse(await streamed.object).kind).toBe('cat');
  });

  it('says that an answer was cut', async () => {
    const { finishReason } = await ai.generateText({ ...settings(), prompt: 'Say hello #scenario=incomplete#' });
    expect(finishReason).toBe('length');
  });

  it('reads errors', async () => {
    const fails = (model: string, key: string) => errorOf(ai.generateText({ ...settings(model, key), prompt: 'Say hello' }));
    expect(await fails('gpt-5.4', 'sk-wrong')).toMatchObject({ name: 'AI_APICallError', statusCode: 401, isRetryable: false });
    const unknown = await fails('no-such-model', KEY);
    expect(unknown).toMatchObject({ statusCode: 404, isRetryable: false, message: expect.stringContaining('no-such-model') });
    scene.backend.state.always('429,resets=3600');
    expect(await fails('gpt-5.4', KEY)).toMatchObject({ statusCode: 429 });
  });

  it('sees a failure after output', async () => {
    const errors: unknown[] = [];
    const prompt = 'Say hello #scenario=text,fail=4#';
    const result = ai.streamText({ ...settings(), prompt, onError: ({ error }) => void errors.push(error) });
    for await (const _ of result.fullStream);
    expect(errors).not.toEqual([]);
  });

  if (name === 'anthropic') {
    it('thinks, and carries the thought into the next turn', async () => {
      const options = { anthropic: { thinking: { type: 'enabled' as const, budgetTokens: 2000 } } };
      // The same first words in both, so that the second turn is on the account that can read the thought.
      const prompt = 'Think #scenario=reasoning#';
      const first = await ai.generateText({ ...settings(), prompt, providerOptions: options });
      expect(first.reasoningText).toMatch(/Reading the request/);
      const messages = [
        { role: 'user' as const, content: prompt },
        ...first.response.messages,
        { role: 'user' as const, content: 'And now?' },
      ];
      await ai.generateText({ ...settings(), messages, providerOptions: options });
      const { input } = scene.attempts[1]!.body as { input: { type?: string; encrypted_content?: string }[] };
      expect(input.find(({ type }) => type === 'reasoning')?.encrypted_content).toEqual(expect.any(String));
    });
  }
});
