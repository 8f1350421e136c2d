import { describe, expect, it } from '@jest/globals';
import { testConfig } from '../../test/support/test-config.js';
import { UpstreamHeaders } from './upstream-headers.js';

const headers = new UpstreamHeaders(testConfig({ upstreamOriginator: 'codex_cli_rs', upstreamClientVersion: '0.156.0' }));
const credential = { accessToken: 'at', chatgptAccountId: 'acc', fedramp: false };
const request = { sessionId: 's-1', identityHeaders: {}, turnState: undefined, compact: false };

describe('UpstreamHeaders', () => {
  it('sends one fixed identity for everybody else', () => {
    expect(headers.forTurn(credential, request)).toEqual({
      originator: 'codex_cli_rs',
      version: '0.156.0',
      'user-agent': expect.stringMatching(/^codex_cli_rs\/0\.156\.0 \(\S+ [\w.-]+; \w+\) \S+$/),
      'session-id': 's-1',
      authorization: 'Bearer at',
      'chatgpt-account-id': 'acc',
      'content-type': 'application/json',
      accept: 'text/event-stream',
    });
  });

  it('forwards an official client’s identity instead, and nothing beyond it', () => {
    const identityHeaders = {
      originator: 'codex_exec',
      'user-agent': 'codex_exec/1.0 (x)',
      version: '1.0.0',
      'thread-id': 't',
      'x-codex-turn-metadata': '{}',
      traceparent: '00-1',
      cookie: 'c=1',
      authorization: 'Bearer client',
      'x-stainless-lang': 'js',
      'x-codex-turn-state': 'of another account',
    };
    const sent = headers.forTurn(credential, { ...request, identityHeaders, turnState: 'own' });
    expect(sent).toMatchObject({
      originator: 'codex_exec',
      'user-agent': 'codex_exec/1.0 (x)',
      version: '1.0.0',
      'thread-id': 't',
      'x-codex-turn-metadata': '{}',
      traceparent: '00-1',
      authorization: 'Bearer at',
      'x-codex-turn-state': 'own',
    });
    expect(Object.keys(sent)).not.toEqual(expect.arrayContaining(['cookie']));
    expect(Object.keys(sent)).not.toEqual(expect.arrayContaining(['x-stainless-lang']));
  });

  it('keeps the fixed identity beside a single forwarded header', () => {
    const identityHeaders = { 'x-openai-internal-codex-responses-lite': 'true' };
    expect(headers.forTurn(credential, { ...request, identityHeaders })).toMatchObject({ originator: 'codex_cli_rs', ...identityHeaders });
  });

  it('leaves out what is not known', () => {
    const sent = headers.forTurn({ ...credential, chatgptAccountId: '' }, { ...request, sessionId: '' });
    expect(Object.keys(sent)).not.toEqual(expect.arrayContaining(['chatgpt-account-id']));
    expect(Object.keys(sent)).not.toEqual(expect.arrayContaining(['session-id']));
  });

  it('asks for JSON when it compacts and marks FedRAMP accounts', () => {
    expect(headers.forTurn({ ...credential, fedramp: true }, { ...request, compact: true })).toMatchObject({
      accept: 'application/json',
      'x-openai-fedramp': 'true',
    });
  });

  it('takes a configured user agent', () => {
    const own = new UpstreamHeaders(testConfig({ upstreamUserAgent: 'mine/1' }));
    expect(own.forAccount(credential)).toMatchObject({ 'user-agent': 'mine/1', authorization: 'Bearer at', accept: 'application/json' });
    expect(own.forToken()).toEqual({ 'user-agent': 'mine/1', 'content-type': 'application/json', accept: 'application/json' });
  });
});
