import type { IncomingHttpHeaders } from 'node:http';
import type { GatewayError } from '../../common/gateway-error.js';
import type { HttpError } from './http-error.js';

/** What an error needs to know of the request that it answers. */
export interface FailedRequest {
  readonly id: string;
  /** Without the query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** Milliseconds since it came in. */
  readonly elapsedMs: number;
}

/** A path that exists. */
export interface DialectRoute {
  readonly path: RegExp;
  /** The value of `allow`. */
  readonly allow: string;
}

/** A path of the public API that cannot be served with Codex accounts. */
export interface UnservedRoute {
  readonly path: RegExp;
  /** Why, and what there is instead: a sentence. */
  readonly why: string;
}

/**
 * What stands around a dialect's controllers: which paths are its own, and how failures look there. Each dialect's folder exports one;
 * `ProtocolsModule` lists them.
 */
export interface Dialect {
  readonly name: string;
  /** Whether errors of this request are told in this dialect; the first dialect that says so tells them, and OpenAI's shape where none does. */
  owns(request: FailedRequest): boolean;
  readonly routes: readonly DialectRoute[];
  readonly unserved: readonly UnservedRoute[];
  /** A failure before anything was sent. */
  error(error: GatewayError, request: FailedRequest): HttpError;
}

/** Injection token of all dialects, `readonly Dialect[]`. */
export const DIALECTS = Symbol('DIALECTS');

/** Base URLs come with and without `/v1`, and with one too many. */
const BASE = '(?:v1/){0,2}';

/** `tail`: what may stand behind the base URL, as the source of a regular expression; a slash may follow it. */
export const dialectPath = (tail: string, base = BASE): RegExp => new RegExp(`^/(?:${base})(?:${tail})/?$`);
