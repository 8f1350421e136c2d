import { isObject } from '../json-body.js';
import type { JsonObject } from '../../../upstream/upstream-event.js';

function unescaped(token: string): string {
  try {
    return decodeURIComponent(token).replaceAll('~1', '/').replaceAll('~0', '~');
  } catch {
    return token;
  }
}

const isPointer = (reference: string): boolean => reference === '#' || reference.startsWith('#/');

/** What `#/…` leads to; undefined: nothing, or the reference is of another kind. */
export function resolveReference(root: JsonObject, reference: string): unknown {
  if (!isPointer(reference)) return undefined;
  let at: unknown = root;
  for (const token of reference.split('/').slice(1)) {
    if (typeof at !== 'object' || at === null) return undefined;
    const key = unescaped(token);
    if (!Object.hasOwn(at, key)) return undefined;
    at = (at as JsonObject)[key];
  }
  return at;
}

const MEMBER = /\/(?:items|prefixItems)\/(\d+)(?=\/|$)/g;

/**
 * A reference after the repair: tuples and combinators of the root may have moved what it leads to. The reference itself where it
 * still leads somewhere; null: nothing is there any more.
 */
export function movedReference(root: JsonObject, reference: string): string | null {
  if (!isPointer(reference)) return reference;
  const candidates = [reference, reference.replace(MEMBER, '/items/anyOf/$1'), reference.replace(MEMBER, '/items')];
  return candidates.find((candidate) => isObject(resolveReference(root, candidate))) ?? null;
}
