import os from 'node:os';
import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';

export interface UpstreamCredential {
  readonly accessToken: string;
  /** Empty where the account has none yet: the header is left out. */
  readonly chatgptAccountId: string;
  readonly fedramp: boolean;
}

export interface TurnHeaders {
  /** At most 64 characters; empty: no header. */
  readonly sessionId: string;
  /** Lower-case names; what an official Codex client said of itself. Without `originator` in it the configured identity is sent. */
  readonly identityHeaders: Readonly<Record<string, string>>;
  /** Only ever the one that this very account issued. */
  readonly turnState: string | undefined;
  readonly compact: boolean;
}

/** What is passed on of a client's own headers; cookies, credentials and SDK telemetry never are. */
const FORWARDED: ReadonlySet<string> = new Set([
  'originator',
  'user-agent',
  'version',
  'thread-id',
  'x-client-request-id',
  'x-codex-window-id',
  'x-codex-turn-metadata',
  'x-codex-beta-features',
  'x-codex-parent-thread-id',
  'x-codex-installation-id',
  'x-codex-routing-hint',
  'x-openai-subagent',
  'x-openai-memgen-request',
  'x-openai-internal-codex-responses-lite',
  'x-openai-internal-codex-residency',
  'traceparent',
  'tracestate',
]);

/** Request headers for the backend. One fixed identity for everybody who is no official Codex client; nothing imitates a particular machine. */
@Injectable()
export class UpstreamHeaders {
  readonly #identity: Readonly<Record<string, string>>;
  readonly #userAgent: string;

  constructor(config: Config) {
    const { upstreamOriginator: originator, upstreamClientVersion: version } = config;
    this.#userAgent = config.upstreamUserAgent || derivedUserAgent(originator, version);
    this.#identity = { originator, 'user-agent': this.#userAgent, version };
  }

  /** For `POST /responses` and `/responses/compact`. */
  forTurn(credential: UpstreamCredential, { identityHeaders, sessionId, turnState, compact }: TurnHeaders): Record<string, string> {
    const headers: Record<string, string> = identityHeaders['originator'] === undefined ? { ...this.#identity } : {};
    for (const name in identityHeaders) {
      if (FORWARDED.has(name)) headers[name] = identityHeaders[name]!;
    }
    if (sessionId !== '') headers['session-id'] = sessionId;
    if (turnState !== undefined) headers['x-codex-turn-state'] = turnState;
    headers['content-type'] = 'application/json';
    headers['accept'] = compact ? 'application/json' : 'text/event-stream';
    return authorize(headers, credential);
  }

  /** For the usage and models endpoints. */
  forAccount(credential: UpstreamCredential): Record<string, string> {
    return authorize({ ...this.#identity, accept: 'application/json' }, credential);
  }

  /** For the token endpoint, which knows no account. */
  forToken(): Record<string, string> {
    return { 'user-agent': this.#userAgent, 'content-type': 'application/json', accept: 'application/json' };
  }
}

function authorize(
  headers: Record<string, string>,
  { accessToken, chatgptAccountId, fedramp }: UpstreamCredential,
): Record<string, string> {
  headers['authorization'] = `Bearer ${accessToken}`;
  if (chatgptAccountId !== '') headers['chatgpt-account-id'] = chatgptAccountId;
  if (fedramp) headers['x-openai-fedramp'] = 'true';
  return headers;
}

/** The official client's form: `<originator>/<version> (<os> <version>; <architecture>) <terminal>`; a service has no terminal. */
export const derivedUserAgent = (originator: string, version: string): string =>
  `${originator}/${version} (${os.type()} ${os.release().replace(/[^\w.-]/g, '')}; ${os.machine()}) unknown`;
