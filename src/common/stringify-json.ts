import { invalidRequest } from './gateway-error.js';

/** A client's value as JSON. `JSON.parse` takes any depth, `JSON.stringify` recurses: a value too deep for it is the caller's 400, not our 500. */
export function stringifyJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) throw invalidRequest('The request body is nested too deeply.');
    throw error;
  }
}
