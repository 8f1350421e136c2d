import { describe, expect, it } from '@jest/globals';
import { GatewayError } from '../../common/gateway-error.js';
import { chatErrorFrame, inChatTerms } from './chat-completions.errors.js';

describe('errors of upstream as callers of Chat Completions know their request', () => {
  it.each([
    ['input', 'messages'],
    ['input[3].content[0].image_url', 'messages'],
    ['instructions', 'messages'],
    ['text.format', 'response_format'],
    ['text.format.type', 'response_format.type'],
    ['text.format.schema.properties', 'response_format.json_schema.schema.properties'],
    ['text.verbosity', 'verbosity'],
    ['reasoning.effort', 'reasoning_effort'],
    ['tools[2].parameters', 'tools[2].function.parameters'],
    ['tools[2].strict', 'tools[2].function.strict'],
    ['tools[2].type', 'tools[2].type'],
    ['text', 'response_format'],
    ['max_output_tokens', 'max_completion_tokens'],
    ['tool_choice', 'tool_choice'],
    ['inputs', 'inputs'],
  ])('%s is %s', (upstream, client) => {
    const detail = { param: upstream, code: 'context_length_exceeded', status: 400 };
    expect(inChatTerms(new GatewayError('rejected', 'm', detail)).detail).toEqual({ ...detail, param: client });
  });

  it('leaves what our own reading of the request says as it is', () => {
    const error = new GatewayError('invalid_request', 'm', { param: 'input' });
    expect(inChatTerms(error)).toBe(error);
  });

  it('is told inside a stream in the same terms', () => {
    const error = new GatewayError('rejected', 'm', { param: 'input', code: 'context_length_exceeded' });
    expect(chatErrorFrame(error)).toBe(
      'data: {"error":{"message":"m","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}}\n\n',
    );
  });
});
