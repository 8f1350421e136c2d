import { bindAddress, isLoopback, parseHostPort, usageUrlFor, withScheme } from './addresses.js';
import { declaredKeys, type KeyDeclaration } from './key-declaration.js';
import { AccessKeys } from './keys/access.keys.js';
import { AccountKeys } from './keys/account.keys.js';
import { databaseDriver, type DatabaseDriver, DatabaseKeys } from './keys/database.keys.js';
import { HealthKeys } from './keys/health.keys.js';
import { InboundKeys } from './keys/inbound.keys.js';
import { LoggingKeys } from './keys/logging.keys.js';
import { LoginKeys } from './keys/login.keys.js';
import { ModelKeys } from './keys/model.keys.js';
import { QuotaKeys } from './keys/quota.keys.js';
import { RefreshKeys } from './keys/refresh.keys.js';
import { RetryKeys } from './keys/retry.keys.js';
import { RewritingKeys } from './keys/rewriting.keys.js';
import { StreamingKeys } from './keys/streaming.keys.js';
import { UpstreamKeys } from './keys/upstream.keys.js';

/** In the order of the example file and the documentation. */
export const KEY_GROUPS = [
  InboundKeys,
  AccessKeys,
  AccountKeys,
  DatabaseKeys,
  UpstreamKeys,
  RetryKeys,
  StreamingKeys,
  RefreshKeys,
  ModelKeys,
  QuotaKeys,
  HealthKeys,
  LoginKeys,
  LoggingKeys,
  RewritingKeys,
] as const;

type UnionToIntersection<U> = (U extends unknown ? (member: U) => void : never) extends (all: infer I) => void ? I : never;
/** Every key by its property name. */
export type KeyValues = UnionToIntersection<InstanceType<(typeof KEY_GROUPS)[number]>>;

export const KEYS: readonly KeyDeclaration[] = KEY_GROUPS.flatMap(declaredKeys);

/** All keys with their defaults. */
export const defaultValues = (): KeyValues => Object.assign({}, ...KEY_GROUPS.map((Group) => new Group())) as KeyValues;

const AllKeys = class {
  constructor(values: KeyValues) {
    Object.assign(this, values);
  }
} as new (values: KeyValues) => Readonly<KeyValues>;

const deepFreeze = (value: unknown): void => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  Object.values(value).forEach(deepFreeze);
};

const listed = (aliases: KeyValues['modelAliases']): Record<string, readonly string[]> =>
  Object.fromEntries(Object.entries(aliases).map(([name, target]) => [name, typeof target === 'string' ? [target] : target]));

/**
 * The configuration: validated, complete and deeply frozen. One property per key (`max-retry` → `maxRetry`); a key that is
 * not set has its default, an unset text is `''`. Keys that are derived from others when unset (`base-url`, `usage-url`,
 * `backend-domain`, `max-decompressed-body-size-mb`) hold the derived value here.
 */
export class Config extends AllKeys {
  /** The address to bind; every interface when `listen` names no host. */
  readonly listenHost: string;
  readonly listenPort: number;
  readonly listensBeyondLoopback: boolean;
  readonly databaseDriver: DatabaseDriver;
  /** `<base-url>/models`. */
  readonly modelsUrl: string;
  /** `max-conns-per-host` was written by somebody: only then it limits HTTP/1.1 too. */
  readonly maxConnsPerHostExplicit: boolean;
  /** Never an alias such as `pg`. `databaseDriver` also knows whether it counts. */
  declare readonly dbDriver: DatabaseDriver;
  /** Aliases with their models always as lists. */
  declare readonly modelAliases: Readonly<Record<string, readonly string[]>>;

  /** @param values validated values of all keys @param written names of the keys that somebody set */
  constructor(values: KeyValues, written: ReadonlySet<string>) {
    const baseUrl = withScheme(values.baseUrl || `${values.backendDomain}/backend-api/codex`);
    super({
      ...values,
      baseUrl,
      backendDomain: new URL(baseUrl).host,
      usageUrl: values.usageUrl ? withScheme(values.usageUrl) : usageUrlFor(baseUrl),
      dbDriver: databaseDriver(values.dbDriver)!,
      oauthTokenUrl: withScheme(values.oauthTokenUrl),
      modelAliases: listed(values.modelAliases),
      maxDecompressedBodySizeMb: values.maxDecompressedBodySizeMb || values.maxBodySizeMb,
    });
    const { host, port } = parseHostPort(values.listen)!;
    this.listenHost = bindAddress(host);
    this.listenPort = port!;
    this.listensBeyondLoopback = !isLoopback(host);
    this.databaseDriver = values.dbEnabled ? this.dbDriver : 'sqlite';
    this.modelsUrl = `${baseUrl}/models`;
    this.maxConnsPerHostExplicit = written.has('max-conns-per-host');
    deepFreeze(this);
  }

  /** Secrets are left out, so that a configuration that is printed by mistake gives nothing away. */
  toJSON(): Record<string, unknown> {
    const secrets = new Set(KEYS.filter((key) => key.secret).map((key) => key.property));
    return Object.fromEntries(Object.entries(this).map(([name, value]) => [name, secrets.has(name) ? '***' : (value as unknown)]));
  }
}
