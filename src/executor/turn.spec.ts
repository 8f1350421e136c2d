import { describe, expect, it } from '@jest/globals';
import { GatewayError } from '../common/gateway-error.js';
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
    expect(JSON.parse(one.payload())).toEqual({ model: 'gpt-5.4', input: [{ type: 'message', role: 'user', content: 'hi' }] });
    expect(one.ignored()).toEqual(['user', 'service_tier', 'text']);
  });

  it('gives up looking for a usable token after some accounts', () => {
    const one = turn();
    const skips = Array.from({ length: 20 }, (_, i) => one.skip(`a${i}`));
    expect(skips.indexOf(false)).toBe(15);
  });

  it('tells the caller that a body is nested too deeply', () => {
    const bomb: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000));
    expect(() => turn({ tools: bomb }).payload()).toThrow(new GatewayError('invalid_request', 'The request body is nested too deeply.'));
  });
});
