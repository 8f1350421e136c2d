import { All, Controller, Param } from '@nestjs/common';
import { GatewayError } from '../common/gateway-error.js';

const ROUTES = [
  'embeddings',
  'images/*',
  'audio/*',
  'files',
  'files/*',
  'fine_tuning/*',
  'batches',
  'batches/*',
  'moderations',
  'assistants',
  'assistants/*',
  'threads',
  'threads/*',
  'completions',
  'vector_stores',
  'vector_stores/*',
  'uploads',
  'uploads/*',
  'conversations',
  'conversations/*',
  'realtime',
  'realtime/*',
];

/** Routes of the public API that cannot be served with Codex accounts: a clear answer instead of a bare "not found". */
@Controller(['v1', '', 'backend-api/codex'])
export class UnsupportedRoutesController {
  @All(ROUTES)
  unserveable(): never {
    throw new GatewayError('not_found', 'Codex accounts cannot serve this endpoint; the gateway offers /v1/responses and /v1/models.', {
      code: 'unsupported_endpoint',
    });
  }

  @All('responses/*')
  stored(@Param('*') rest: string): never {
    if (rest === 'compact') throw new GatewayError('method_not_allowed', 'Use POST for /responses/compact.');
    if (rest === 'input_tokens') {
      throw new GatewayError('not_found', 'Counting input tokens is not in this version yet.', { code: 'unsupported_endpoint' });
    }
    throw new GatewayError(
      'not_found',
      'Codex accounts cannot serve this: responses are not stored, so none can be looked up, cancelled or deleted.',
      {
        code: 'unsupported_endpoint',
      },
    );
  }
}
