import type { Fault } from './config-error.js';
import type { KeyValues } from './config.js';
import { withScheme } from './addresses.js';
import { databaseDriver } from './keys/database.keys.js';

interface Rule {
  /** The rule is skipped when one of these is wrong by itself. */
  readonly keys: readonly string[];
  readonly says: (values: KeyValues, written: ReadonlySet<string>) => string | undefined;
}

const isPostgres = (values: KeyValues): boolean => values.dbEnabled && databaseDriver(values.dbDriver) === 'postgres';

/** The first key of a rule is the one that is named in the fault. */
const IMPOSSIBLE: readonly Rule[] = [
  {
    keys: ['encryption-key', 'db-enabled', 'db-driver'],
    says: (values) =>
      isPostgres(values) && values.encryptionKey === ''
        ? 'must be given with Postgres (also CODEX_PROXY_ENCRYPTION_KEY or CODEX_PROXY_ENCRYPTION_KEY_FILE), the same for every replica'
        : undefined,
  },
  {
    keys: ['db-dsn', 'db-enabled', 'db-driver'],
    says: (values) =>
      values.dbDsn && values.dbEnabled && !isPostgres(values)
        ? 'is for Postgres, but db-driver is sqlite: name the file with db-path'
        : undefined,
  },
];

const DOUBTFUL: readonly Rule[] = [
  {
    keys: ['backend-domain', 'base-url'],
    says: (values, written) =>
      written.has('backend-domain') && values.baseUrl && new URL(withScheme(values.baseUrl)).host !== values.backendDomain
        ? 'has no effect: base-url names another host and wins'
        : undefined,
  },
  {
    keys: ['db-enabled', 'db-dsn'],
    says: (values) => (!values.dbEnabled && values.dbDsn ? 'is false: accounts are kept in SQLite, and Postgres is not used' : undefined),
  },
];

const apply = (rules: readonly Rule[], values: KeyValues, written: ReadonlySet<string>, wrong: ReadonlySet<string>): Fault[] =>
  rules.flatMap(({ keys, says }) => {
    if (keys.some((key) => wrong.has(key))) return [];
    const message = says(values, written);
    return message ? [{ key: keys[0]!, message }] : [];
  });

/** Combinations of keys that cannot work. `wrong` names the keys that are already faulty by themselves. */
export const impossibleCombinations = (values: KeyValues, written: ReadonlySet<string>, wrong: ReadonlySet<string>): Fault[] =>
  apply(IMPOSSIBLE, values, written, wrong);

/** Combinations that work, but hardly as they were meant. */
export const doubtfulCombinations = (values: KeyValues, written: ReadonlySet<string>): string[] =>
  apply(DOUBTFUL, values, written, new Set()).map(({ key, message }) => `${key} ${message}`);
