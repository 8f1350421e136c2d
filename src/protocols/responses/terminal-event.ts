import { type JsonObject, terminalStatus, type UpstreamEvent } from '../../upstream/upstream-event.js';
import { isObject } from '../shared/json-body.js';
import type { FinalStatus } from './response-object.js';

/** How a turn ended, read from any of the forms in which upstream says it. */
export interface TurnEnd {
  readonly status: FinalStatus;
  /** The snapshot in the event; empty where it has none. */
  readonly response: JsonObject;
  readonly usage: unknown;
  /** Null unless the turn failed. */
  readonly error: { code: string; message: string } | null;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

function readError(json: JsonObject, response: JsonObject): { code: string; message: string } {
  const nested = isObject(response.error) ? response.error : isObject(json.error) ? json.error : json;
  const message = text(nested.message) ?? text(json.error) ?? text(json.detail) ?? 'The backend ended the turn with an error.';
  return { code: text(nested.code) ?? text(nested.type === 'error' ? undefined : nested.type) ?? 'server_error', message };
}

/** A cancelled turn is no normal end, and clients know no event of that name. */
function statusOf(event: UpstreamEvent): FinalStatus {
  const status = terminalStatus(event);
  return status === 'cancelled' ? 'failed' : status;
}

/** Reads a terminal event: `response.completed|incomplete|failed|cancelled|done`, an `error` event nested or flat, a bare `{"error":…}`. */
export function readTurnEnd(event: UpstreamEvent): TurnEnd {
  const { json } = event;
  const response = isObject(json.response) ? json.response : {};
  const status = statusOf(event);
  const usage = response.usage ?? json.usage ?? null;
  return { status, response, usage, error: status === 'failed' ? readError(json, response) : null };
}
