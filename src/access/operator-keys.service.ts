import { Injectable } from '@nestjs/common';
import { Config } from '../config/config.js';
import { ApiKeys } from './api-keys.service.js';
import { KeyRing } from './key-ring.js';

/** What the operator endpoints ask for: `viewer` looks, `operator` also acts. */
export type OperatorRole = 'viewer' | 'operator';

/** `unidentified`: no key of any kind is configured, so nobody can show one. */
export type OperatorVerdict = 'granted' | 'unidentified' | 'denied' | 'unknown';

/**
 * Who may look after the service. With `admin-keys` only they have a role, and they have every one; without them each of `api-keys`
 * has every role. Keys whose roles stand elsewhere are to be asked here too.
 */
@Injectable()
export class OperatorKeys {
  readonly #admins: KeyRing;

  constructor(
    config: Config,
    private readonly apiKeys: ApiKeys,
  ) {
    this.#admins = new KeyRing(config.adminKeys);
  }

  /** `denied`: a good key without the role; `unknown`: none of the keys is known. */
  verdict(keys: readonly string[], role: OperatorRole): OperatorVerdict {
    if (this.apiKeys.open) return 'unidentified';
    if (keys.some((key) => this.#rolesOf(key).has(role))) return 'granted';
    return keys.some((key) => this.apiKeys.has(key)) ? 'denied' : 'unknown';
  }

  #rolesOf(key: string): ReadonlySet<OperatorRole> {
    const entitled = this.#admins.empty ? this.apiKeys.has(key) : this.#admins.has(key);
    return entitled ? EVERY_ROLE : NO_ROLE;
  }
}

const EVERY_ROLE: ReadonlySet<OperatorRole> = new Set(['viewer', 'operator']);
const NO_ROLE: ReadonlySet<OperatorRole> = new Set();
