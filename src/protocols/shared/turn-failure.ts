import { GatewayError } from '../../common/gateway-error.js';
import { outcomeError } from '../../executor/outcome-error.js';
import { classifyStreamError } from '../../upstream/classify.js';
import type { TurnEnd } from './turn/turn-listener.js';

/** A turn that upstream itself says has failed or was cancelled, by the one reading of upstream's codes. */
export function turnFailure({ status, failure }: TurnEnd): GatewayError {
  if (failure === null) return new GatewayError('upstream_error', status === 'cancelled' ? 'the turn was cancelled' : 'the turn failed');
  const outcome = classifyStreamError({ error: { ...failure } }, {}, 0);
  return outcome.kind === 'ok' ? new GatewayError('upstream_error', failure.message) : outcomeError(outcome, 0);
}
