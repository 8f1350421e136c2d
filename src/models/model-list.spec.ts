import { describe, expect, it } from '@jest/globals';
import { GatewayError } from '../common/gateway-error.js';
import { anthropicPage, ListedModel, openAiModel } from './model-list.js';

const models: ListedModel[] = ['a', 'b', 'c', 'd'].map((id) => ({
  id,
  displayName: id.toUpperCase(),
  available: id !== 'b',
  contextWindow: 0,
}));
const ids = (page: object): unknown => (page as { data: { id: string }[] }).data.map(({ id }) => id);

describe('the model list', () => {
  it('has the members of the OpenAI shape, and says what no account has', () => {
    expect(openAiModel(models[0]!)).toEqual({ id: 'a', object: 'model', created: expect.any(Number), owned_by: 'openai' });
    expect(openAiModel(models[1]!)).toMatchObject({ available: false });
  });

  it('has the members of the Anthropic shape', () => {
    expect(anthropicPage(models.slice(0, 1), {})).toEqual({
      data: [{ type: 'model', id: 'a', display_name: 'A', created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) }],
      has_more: false,
      first_id: 'a',
      last_id: 'a',
    });
    expect(anthropicPage([], {})).toEqual({ data: [], has_more: false, first_id: null, last_id: null });
  });

  it.each<[object, string[], boolean]>([
    [{}, ['a', 'b', 'c', 'd'], false],
    [{ limit: '2' }, ['a', 'b'], true],
    [{ limit: '1000' }, ['a', 'b', 'c', 'd'], false],
    [{ after_id: 'b' }, ['c', 'd'], false],
    [{ before_id: 'd', limit: '2' }, ['b', 'c'], true],
  ])('pages by %j', (query, expected, more) => {
    const page = anthropicPage(models, query);
    expect(ids(page)).toEqual(expected);
    expect(page).toMatchObject({ has_more: more });
  });

  it.each([{ limit: '0' }, { limit: '1001' }, { limit: 'x' }, { after_id: 'zz' }])('refuses %j', (query) => {
    expect(() => anthropicPage(models, query)).toThrow(GatewayError);
  });

  it.each([{ after_id: 'zz' }, { before_id: 'zz' }])('names the cursor that is wrong: %j', (query) => {
    expect(() => anthropicPage(models, query)).toThrow(expect.objectContaining({ detail: { param: Object.keys(query)[0] } }));
  });
});
