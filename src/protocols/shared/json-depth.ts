import { invalidRequest } from '../../common/gateway-error.js';

/** Schemas have some dozens. Code that walks a value needs a stack of that height. */
const MAX_DEPTH = 500;

/** @param size bytes of the text that the value was parsed from. @throws GatewayError `invalid_request` */
export function limitDepth(value: unknown, size: number): void {
  if (size < MAX_DEPTH * 2) return;
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH) throw invalidRequest(`The request body is nested more than ${MAX_DEPTH} levels deep.`);
    level = containersIn(level);
  }
}

function containersIn(level: readonly unknown[]): unknown[] {
  const found: unknown[] = [];
  for (const container of level) {
    if (typeof container !== 'object' || container === null) continue;
    const members: readonly unknown[] = Array.isArray(container) ? container : Object.values(container);
    for (const member of members) if (typeof member === 'object' && member !== null) found.push(member);
  }
  return found;
}
