import { type JsonObject, terminalStatus, type UpstreamEvent } from '../../../upstream/upstream-event.js';
import { isObject } from '../json-body.js';
import type { TurnEnd, TurnFailure } from './turn-listener.js';
import { readUsage } from './turn-usage.js';

/** A terminal event, read. */
export interface ReadEnd {
  /** The snapshot in the event; empty where it has none. */
  readonly response: JsonObject;
  readonly end: TurnEnd;
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** The error nested in the snapshot or in the event, flat in the event, or a bare `detail`. */
function readFailure(json: JsonObject, response: JsonObject): TurnFailure {
  const error = isObject(response.error) ? response.error : isObject(json.error) ? json.error : json;
  const message = text(error.message) ?? text(json.error) ?? text(json.detail) ?? 'The backend ended the turn with an error.';
  return { message, code: text(error.code) ?? (error === json ? null : text(error.type)) };
}

/** Reads `response.completed|incomplete|failed|cancelled|done`, an `error` event nested or flat, a bare `{"error":…}`. */
export function readEnd(event: UpstreamEvent): ReadEnd {
  const { json } = event;
  const response = isObject(json.response) ? json.response : {};
  const status = terminalStatus(event);
  const details = response.incomplete_details;
  return {
    response,
    end: {
      status,
      incompleteReason: status === 'incomplete' && isObject(details) ? text(details.reason) : null,
      usage: readUsage(response.usage ?? json.usage),
      failure: status === 'failed' || status === 'cancelled' ? readFailure(json, response) : null,
      stopped: null,
      serviceTier: text(response.service_tier),
    },
  };
}
