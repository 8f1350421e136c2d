import { sha256 } from './digest.js';
import { isObject } from './json-body.js';

const FITS = /^[a-zA-Z0-9_-]{1,64}$/;
const MAX_LENGTH = 64;
/** Hex digits of the hash; more only while the shorter ones lead to a name that is taken. */
const HASH_LENGTHS = [8, 16, 32, 62];

const sanitised = (name: string): string => name.replace(/[^a-zA-Z0-9_-]/g, '_');

/** A hash reads UTF-8, which knows no lone surrogates: two names that differ in one only must not become one. */
const hashed = (name: string, salt: number): string =>
  sha256((name.isWellFormed() ? name : JSON.stringify(name)) + (salt > 0 ? `\n${salt}` : ''));

function* hashedForms(name: string): Generator<string> {
  const plain = sanitised(name);
  for (let salt = 0; ; salt++) {
    const digits = hashed(name, salt);
    for (const length of HASH_LENGTHS) yield `${plain.slice(0, MAX_LENGTH - 1 - length)}_${digits.slice(0, length)}`;
  }
}

/** The name that a tool has in one of the dialects' shapes: flat, or nested in `function` or `custom`. */
function nameOf(tool: unknown): string | null {
  if (!isObject(tool)) return null;
  const { name } = isObject(tool.function) ? tool.function : isObject(tool.custom) ? tool.custom : tool;
  return typeof name === 'string' ? name : null;
}

/**
 * Tool names in the form that the backend takes, and back. One instance a request: made by its decoder, read by its encoder.
 *
 * A name that fits (`[a-zA-Z0-9_-]{1,64}`) stays. In others every other character becomes `_`; what is then longer than 64
 * characters, or is the name of another tool too, is cut and gets `_` and the first 8 hex digits of its SHA-256 (more of them on
 * a collision). Given the request's tools beforehand, the coded names do not depend on their order, so that the same tools
 * are the same prefix for the backend's cache.
 */
export class ToolNames {
  readonly #codes = new Map<string, string>();
  readonly #originals = new Map<string, string>();
  /** Names that fit, and sanitised ones that more than one tool of the request would get: nobody else may have them. */
  readonly #reserved = new Set<string>();

  /**
   * `lists`: the request's lists of tools as the client wrote them (`tools`, `functions`; anything else is passed over). Without
   * them a coded name can take the name of a tool that is declared later, which is then the one to be coded.
   */
  constructor(...lists: unknown[]) {
    const firstOf = new Map<string, string>();
    for (const tool of lists.flat()) {
      const name = nameOf(tool);
      if (name === null) continue;
      const plain = sanitised(name).slice(0, MAX_LENGTH + 1);
      if (FITS.test(name) || (firstOf.has(plain) && firstOf.get(plain) !== name)) this.#reserved.add(plain);
      firstOf.set(plain, name);
    }
  }

  /** Registers a tool of the request and answers its coded name; the same for the same name. */
  declare(name: string): string {
    return this.code(name);
  }

  /** The name for the backend, of a tool, a tool choice or a call of the history. Registers it, if it is a new one. */
  code(name: string): string {
    const known = this.#codes.get(name);
    if (known !== undefined) return known;
    const coded = this.#choose(name);
    this.#codes.set(name, coded);
    this.#originals.set(coded, name);
    return coded;
  }

  /** The client's name of a tool that the backend calls. A name that nobody registered is its own. */
  original(coded: string): string {
    return this.#originals.get(coded) ?? coded;
  }

  #choose(name: string): string {
    if (FITS.test(name) && !this.#originals.has(name)) return name;
    const plain = sanitised(name);
    if (FITS.test(plain) && this.#isFree(plain)) return plain;
    for (const form of hashedForms(name)) if (this.#isFree(form)) return form;
    /* istanbul ignore next -- the forms never end */
    return plain;
  }

  #isFree(name: string): boolean {
    return !this.#originals.has(name) && !this.#reserved.has(name);
  }
}
