import { describe, expect, it } from '@jest/globals';
import { toFailure } from './failure-mapping.js';
import { FailureKind, UpstreamFailure } from './upstream-failure.js';

const error = (code: string, message = 'words', rest: object = {}): Error => Object.assign(new Error(message), { code, ...rest });

describe('toFailure', () => {
  it.each<[string, FailureKind, FailureKind]>([
    ['ECONNREFUSED', 'connect', 'connect'],
    ['EAI_AGAIN', 'connect', 'connect'],
    ['UND_ERR_CONNECT_TIMEOUT', 'connect', 'connect'],
    ['UND_ERR_PRX_CONN', 'connect', 'connect'],
    ['UND_ERR_HEADERS_TIMEOUT', 'timeout', 'timeout'],
    ['UND_ERR_BODY_TIMEOUT', 'timeout', 'timeout'],
    ['ECONNRESET', 'reset', 'truncated'],
    ['EPIPE', 'reset', 'truncated'],
    ['ETIMEDOUT', 'reset', 'truncated'],
    ['UND_ERR_SOCKET', 'reset', 'truncated'],
    ['UND_ERR_INFO', 'reset', 'truncated'],
    ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'reset', 'truncated'],
    ['HPE_INVALID_EOF_STATE', 'reset', 'truncated'],
    ['HPE_INVALID_CHUNK_SIZE', 'protocol', 'protocol'],
    ['UND_ERR_HEADERS_OVERFLOW', 'protocol', 'protocol'],
    ['ERR_HTTP2_STREAM_ERROR', 'reset', 'truncated'],
    ['ERR_HTTP2_SESSION_ERROR', 'reset', 'truncated'],
    ['UND_ERR_ABORTED', 'aborted', 'aborted'],
    ['UND_ERR_DESTROYED', 'aborted', 'aborted'],
  ])('%s is %s before the headers and %s after them', (code, head, body) => {
    expect(toFailure(error(code), 'head')).toMatchObject({ kind: head, code });
    expect(toFailure(error(code), 'body')).toMatchObject({ kind: body, code });
  });

  it('tells a breach of HTTP from a broken connection', () => {
    expect(toFailure(error('UND_ERR_SOCKET', 'bad response'), 'head').kind).toBe('protocol');
    expect(toFailure(error('ERR_HTTP2_STREAM_ERROR', 'x', { http2ErrorCode: 1 }), 'body').kind).toBe('protocol');
  });

  it('leaves a failure as it is', () => {
    const failure = new UpstreamFailure('connect', 'x');
    expect(toFailure(failure, 'body')).toBe(failure);
  });
});
