import { describe, expect, it } from '@jest/globals';
import { GatewayError } from '../common/gateway-error.js';
import { accountScope } from './account-scope.js';
import type { CodexBody, CodexRequest } from './codex-request.js';
import { Turn } from './turn.js';

const NOW = 1_787_000_000_000;
const request = (body: Partial<CodexBody> = {}): CodexRequest => ({
  operation: 'responses',
  body: { model: 'gpt-5.4', input: [{ type: 'message', role: 'user', content: 'hi' }], ...body },
  identityHeaders: {},
  codexClient: false,
  sessionId: '',
  affinity: ['a'],
  turnStart: true,
  compactions: [],
  ignored: ['user'],
});
const turn = (body?: Partial<CodexBody>, { attempts = 3, deadline = Infinity, refused = [] as string[] } = {}): Turn =>
  new Turn(request(body), 'req_1', NOW, attempts, deadline, undefined, refused);

describe('Turn', () => {
  it('allows as many attempts as it was given, and none after its deadline but the first', () => {
    const one = turn({}, { attempts: 2, deadline: NOW + 10 });
    expect(one.mayAttempt(NOW + 99)).toBe(true);
    one.countAttempt();
    expect(one.mayAttempt(NOW)).toBe(true);
    expect(one.mayAttempt(NOW + 10)).toBe(false);
    one.countAttempt();
    expect(one.mayAttempt(NOW)).toBe(false);
  });

  it('sends the body without what is left out, and names it', () => {
    const one = turn({ text: { verbosity: 'low' }, service_tier: 'priority' }, { refused: ['service_tier', 'absent'] });
    one.leaveOut('text');
    expect(JSON.parse(one.payload('a'))).toEqual({ model: 'gpt-5.4', input: [{ type: 'message', role: 'user', content: 'hi' }] });
    expect(one.ignored()).toEqual(['user', 'service_tier', 'text']);
  });

  it('does not name instructions that were refused for being empty: the client sent none', () => {
    const one = turn({ instructions: '' }, { refused: ['instructions'] });
    expect(JSON.parse(one.payload('a'))).toMatchObject({ instructions: expect.stringMatching(/./) });
    expect(one.ignored()).toEqual(['user']);
  });

  it('sends reasoning only to accounts that can read it', () => {
    const mine = { type: 'reasoning', encrypted_content: 'x' };
    const other = { type: 'reasoning', encrypted_content: 'y' };
    const input = [mine, other, { type: 'message', role: 'user', content: 'hi' }];
    const scoped = new Map([
      [input[0]!, accountScope('a')],
      [input[1]!, accountScope('b')],
    ]);
    const one = new Turn({ ...request({ input }), scoped }, 'req_1', NOW, 3, Infinity, undefined, []);
    const sent = (account: string): unknown => (JSON.parse(one.payload(account)) as CodexBody).input;
    expect(sent('a')).toEqual([input[0], input[2]]);
    expect(sent('b')).toEqual([input[1], input[2]]);
    expect(sent('c')).toEqual([input[2]]);
    one.leaveOutReasoning();
    expect(sent('a')).toEqual([input[2]]);
  });

  it('gives up looking for a usable token after some accounts', () => {
    const one = turn();
    const skips = Array.from({ length: 20 }, (_, i) => one.skip(`a${i}`));
    expect(skips.indexOf(false)).toBe(15);
  });

  it('tells the caller that a body is nested too deeply', () => {
    const bomb: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    expect(() => turn({ tools: bomb }).payload('a')).toThrow(new GatewayError('invalid_request', 'The request body is nested too deeply.'));
  });
});
