import { Config, defaultValues, KEYS, type KeyValues } from '../../src/config/config.js';
import { configFrom } from '../../src/config/load-config.js';

/** What keeps a test away from the network, the file system and other tests. */
const HERMETIC: Partial<KeyValues> = {
  listen: '127.0.0.1:0',
  authDir: '',
  dbPath: ':memory:',
  encryptionKey: 'an encryption key for tests alone',
  logLevel: 'error',
  keepaliveInterval: 0,
};

/** A configuration as the loader would make it, from defaults and the given keys by their property names (`maxRetry`). */
export const testConfig = (patch: Partial<KeyValues> = {}): Config => {
  const properties = Object.keys(defaultValues());
  const settings = Object.entries({ ...HERMETIC, ...patch }).map(([property, value]) => {
    if (!properties.includes(property)) throw new Error(`no such key: ${property}`);
    return { key: KEYS.find((key) => key.property === property)!.name, value, where: 'test' };
  });
  return configFrom(settings).config;
};
