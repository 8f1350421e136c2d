import { describe, expect, it } from '@jest/globals';
import { redact, redactText } from './redact.js';

const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyIn0.c2lnbmF0dXJl';

describe('redactText', () => {
  it.each([
    [`Authorization: Bearer ${JWT}`, 'Authorization: Bearer [redacted]'],
    [`token was ${JWT}!`, 'token was [redacted]!'],
    ['key sk-proj-abcdef123456 is wrong', 'key [redacted] is wrong'],
    ['{"refresh_token":"rt_abcdefgh12345678","n":1}', '{"refresh_token":"[redacted]","n":1}'],
    ['https://host/callback?code=abc123def&state=x', 'https://host/callback?code=[redacted]&state=x'],
    ['?api_key=secret99&model=gpt-5', '?api_key=[redacted]&model=gpt-5'],
    ['socks5://user:pa55@127.0.0.1:1080 failed', 'socks5://[redacted]@127.0.0.1:1080 failed'],
    ['account jane.doe+x@example.co.uk needs a login', 'account [email] needs a login'],
    ['/accounts/jane%40example.com', '/accounts/[email]'],
  ])('cleans %j', (text, clean) => expect(redactText(text)).toBe(clean));

  it.each(['plain words', 'GET /v1/models/gpt-5.1-codex-max', 'connect ECONNREFUSED 127.0.0.1:443', 'input_tokens=12 max_output_tokens'])(
    'leaves %j alone',
    (text) => expect(redactText(text)).toBe(text),
  );
});

describe('redact', () => {
  it('blanks members that hold secrets by their name, at any depth, and keeps counts', () => {
    const record = {
      headers: { authorization: 'whatever', cookie: 'a=b', 'x-api-key': 'k', accept: '*/*' },
      accessToken: 'opaque-1',
      refresh_token: 'opaque-2',
      password: 'opaque-3',
      usage: { input_tokens: 12, max_tokens: 5, tokenCount: 3 },
      accountId: 'acc-1',
      none: null,
    };
    expect(redact(record)).toEqual({
      headers: { authorization: '[redacted]', cookie: '[redacted]', 'x-api-key': '[redacted]', accept: '*/*' },
      accessToken: '[redacted]',
      refresh_token: '[redacted]',
      password: '[redacted]',
      usage: { input_tokens: 12, max_tokens: 5, tokenCount: 3 },
      accountId: 'acc-1',
      none: null,
    });
  });

  it('cleans errors, their causes and stacks', () => {
    const error = new Error('failed for a@b.example', { cause: new Error(`got ${JWT}`) });
    const clean = JSON.stringify(redact(error));
    expect(clean).toContain('failed for [email]');
    expect(clean).not.toContain(JWT);
    expect(clean).not.toContain('a@b.example');
  });

  it('keeps the names of files, which an operator has to find', () => {
    const record = { file: 'codex-jane@example.com-plus.json', error: 'cannot read codex-jane@example.com-plus.json' };
    expect(redact(record)).toEqual({ file: 'codex-jane@example.com-plus.json', error: 'cannot read [email]' });
  });

  it('survives cycles and shows bytes by their number', () => {
    const loop: Record<string, unknown> = { body: Buffer.alloc(3) };
    loop.self = loop;
    expect(JSON.stringify(redact(loop))).toContain('[deep]');
    expect(redact(Buffer.alloc(3))).toBe('[3 bytes]');
  });
});
