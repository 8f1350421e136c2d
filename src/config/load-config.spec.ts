import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ConfigError } from './config-error.js';
import { Config, defaultValues, KEYS } from './config.js';
import { declaredKeys, propertyName, variableName } from './key-declaration.js';
import { type LoadedConfig, loadConfig } from './load-config.js';
import { InboundKeys } from './keys/inbound.keys.js';

const dir = mkdtempSync(join(tmpdir(), 'codex-proxy-config-'));
afterAll(() => rmSync(dir, { recursive: true }));

const write = (text: string, name = 'config.yaml'): string => {
  const file = join(dir, name);
  writeFileSync(file, text);
  return file;
};
const load = (yaml: string, env: NodeJS.ProcessEnv = {}): LoadedConfig => loadConfig({ file: write(yaml), env });
const fromEnv = (env: NodeJS.ProcessEnv): Config => load('', env).config;

const faultsOf = (yaml: string, env: NodeJS.ProcessEnv = {}): string[] => {
  try {
    load(yaml, env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.message.split('\n');
  }
};

describe('declarations', () => {
  it('give every key a property of its name, once', () => {
    expect(KEYS.filter((key) => propertyName(key.name) !== key.property)).toEqual([]);
    expect(new Set(KEYS.map((key) => key.name)).size).toBe(KEYS.length);
    expect(Object.keys(defaultValues()).sort()).toEqual(KEYS.map((key) => key.property).sort());
  });

  it('give no two variables the same name, those of secret files included', () => {
    const names = KEYS.flatMap((key) => [variableName(key.name), ...(key.secret ? [`${variableName(key.name)}_FILE`] : [])]);
    expect(new Set(names).size).toBe(names.length);
  });

  it('carry their range', () => {
    expect(declaredKeys(InboundKeys).find((key) => key.name === 'shutdown-timeout')).toMatchObject({ type: 'seconds', min: 1, max: 3600 });
  });
});

describe('faults', () => {
  it.each([
    // unknown keys
    ['max-retrys: 2', 'max-retrys (config.yaml:1): unknown key; did you mean max-retry?'],
    ['listen: ":1"\nmax_retry: 2', 'max_retry (config.yaml:2): unknown key; did you mean max-retry?'],
    ['no-such-thing-at-all: 2', 'no-such-thing-at-all (config.yaml:1): unknown key'],
    ['max-retry: 1\nmax-retry: 2', 'max-retry (config.yaml:2): written twice'],
    ['model-aliases:\n  a: b\n  a: c', 'a (config.yaml:3): written twice'],
    ['listen: *here', 'listen (config.yaml:1): text that begins with * must be in quotes'],
    // types
    ['max-retry: "2"', 'max-retry (config.yaml:1): must be a whole number, not "2"'],
    ['max-retry: 1.5', 'max-retry (config.yaml:1): must be a whole number, not 1.5'],
    ['stream-header-hold: soon', 'stream-header-hold (config.yaml:1): must be a number of seconds, not "soon"'],
    ['stream-header-hold: .nan', 'stream-header-hold (config.yaml:1): must be a number of seconds, not null'],
    ['enable-http2: "yes"', 'enable-http2 (config.yaml:1): must be true or false, not "yes"'],
    ['auth-dir: [a]', 'auth-dir (config.yaml:1): must be text, not a list'],
    ['db-user: 5', "db-user (config.yaml:1): must be text: write it in quotes, '5'"],
    ['db-password: 12345', 'db-password (config.yaml:1): must be text: write it in quotes'],
    ['api-keys: sk-secret', 'api-keys (config.yaml:1): must be a list, not this text'],
    ['api-keys: ["sk-a", ""]', 'api-keys (config.yaml:1): must hold texts in quotes that are not empty; entry 2 is none'],
    ['api-keys: [12345]', 'api-keys (config.yaml:1): must hold texts in quotes that are not empty; entry 1 is none'],
    ['model-aliases: [a]', 'model-aliases (config.yaml:1): must be a map, not a list'],
    ['model-aliases: { a: [] }', "model-aliases (config.yaml:1): must map names to a model or a list of models; 'a' does not"],
    // ranges and choices
    ['max-retry: -1', 'max-retry (config.yaml:1): must be at least 0'],
    ['shutdown-timeout: 3601', 'shutdown-timeout (config.yaml:1): must be at most 3600'],
    ['log-level: wran', 'log-level (config.yaml:1): must be one of debug, info, warn, error, not "wran"; did you mean warn?'],
    ['selector: random', 'selector (config.yaml:1): must be one of round-robin, quota-first, not "random"'],
    // addresses
    ['listen: "8080"', "listen (config.yaml:1): must look like ':8080', '127.0.0.1:8080' or '[::1]:8080'"],
    ['listen: ":70000"', "listen (config.yaml:1): must look like ':8080', '127.0.0.1:8080' or '[::1]:8080'"],
    [
      'backend-domain: "https://chatgpt.com"',
      "backend-domain (config.yaml:1): must be a host name alone, such as 'chatgpt.com', without scheme and path",
    ],
    ['base-url: "ftp://chatgpt.com"', "base-url (config.yaml:1): must be an address such as 'https://chatgpt.com/backend-api/codex'"],
    ['base-url: "https://a:b@chatgpt.com"', 'base-url (config.yaml:1): must hold no credentials'],
    ['base-url: "https://chatgpt.com/?x=1"', 'base-url (config.yaml:1): must have neither query nor fragment'],
    ['upstream-originator: ""', 'upstream-originator (config.yaml:1): must not be empty'],
    ['upstream-user-agent: "a\\nb"', 'upstream-user-agent (config.yaml:1): must be printable ASCII: it is sent as a header'],
    // databases
    [
      'db-driver: mysql',
      'db-driver (config.yaml:1): must be postgres or sqlite: mysql is not supported, because replicas need row leases and change notices that only Postgres gives',
    ],
    ['db-driver: postgers', "db-driver (config.yaml:1): must be postgres or sqlite, not 'postgers'; did you mean postgres?"],
    [
      'db-dsn: "user:secret@tcp(127.0.0.1)/x"',
      'db-dsn (config.yaml:1): must be a Postgres address: postgres://user:password@host:port/name',
    ],
    ['encryption-key: short', 'encryption-key (config.yaml:1): must have at least 16 characters'],
    [
      'db-enabled: true',
      'encryption-key: must be given with Postgres (also CODEX_PROXY_ENCRYPTION_KEY or CODEX_PROXY_ENCRYPTION_KEY_FILE), the same for every replica',
    ],
    [
      'db-enabled: true\ndb-driver: sqlite3\ndb-dsn: "postgres://h/d"',
      'db-dsn: is for Postgres, but db-driver is sqlite: name the file with db-path',
    ],
    // what this version does not do
    ['limits-when-database-down: deny', 'limits-when-database-down (config.yaml:1): not available in this version; leave it out'],
    ['oauth-callback-port: 60', 'oauth-callback-port (config.yaml:1): not available in this version; leave it out'],
    ['metrics-listen: ":9090"', 'metrics-listen (config.yaml:1): not available in this version; leave it out'],
    [
      'cache-spoof-enabled: true',
      'cache-spoof-enabled (config.yaml:1): refused: usage is reported as the backend counts it, and no client is imitated',
    ],
  ])('%j', (yaml, fault) => {
    expect(faultsOf(yaml)).toEqual([fault]);
  });

  const PROXY = 'proxy-url (config.yaml:1): must be http://, https://, socks5:// or socks5h:// followed by [user:pass@]host:port';
  it.each([
    ['127.0.0.1:7890', PROXY],
    ['socks4://127.0.0.1:1080', PROXY],
    ['socks5://127.0.0.1', `${PROXY}; a SOCKS proxy needs its port`],
    ['http://user:hunter2@127.0.0.1:7890/path', `${PROXY}; a path or query has no meaning for a proxy`],
    ['http://user:hunter2@127.0.0.1:7890?x=1', `${PROXY}; a path or query has no meaning for a proxy`],
    ['http://user:hunter2@:7890', PROXY],
    ['http://user:hunter2@127.0.0.1:99999', PROXY],
    ['http://user:100%@127.0.0.1:7890', 'proxy-url (config.yaml:1): must have its credentials percent-encoded (% is written %25)'],
  ])('refuses the proxy %s without repeating it', (proxy, fault) => {
    expect(faultsOf(`proxy-url: "${proxy}"`)).toEqual([fault]);
  });

  it('come all at once, from the file and the environment, one line each', () => {
    expect(faultsOf('max-retry: no\nlog-levle: info', { CODEX_PROXY_LISTEN: 'here', CODEX_PROXY_MAX_RETRI: '1' })).toEqual([
      'CODEX_PROXY_MAX_RETRI: unknown environment variable; did you mean max-retry?',
      'log-levle (config.yaml:2): unknown key; did you mean log-level?',
      "listen (CODEX_PROXY_LISTEN): must look like ':8080', '127.0.0.1:8080' or '[::1]:8080'",
      'max-retry (config.yaml:1): must be a whole number, not "no"',
    ]);
  });

  it('are of a shape that programs can read', () => {
    expect(() => load('max-retrys: 2')).toThrow(
      expect.objectContaining({ faults: [{ key: 'max-retrys', where: 'config.yaml:1', message: 'unknown key', nearest: 'max-retry' }] }),
    );
  });

  it('name the place of broken YAML but never its text', () => {
    const [fault, ...more] = faultsOf('listen: ":1"\napi-keys: ["sk-secret');
    expect(fault).toMatch(/config\.yaml: not valid YAML at line 2, column \d+/);
    expect([fault, ...more].join()).not.toContain('sk-secret');
    expect(faultsOf('just text')).toEqual([expect.stringMatching(/config\.yaml: must hold keys and values/)]);
  });

  it('include a named file that does not exist, but not a missing default file', () => {
    expect(() => loadConfig({ file: join(dir, 'missing.yaml'), env: {} })).toThrow(/missing\.yaml: no such file/);
    expect(() => loadConfig({ file: dir, env: {} })).toThrow(/cannot be read \(EISDIR\)/);
    const cwd = process.cwd();
    process.chdir(mkdtempSync(join(dir, 'empty-')));
    try {
      expect(loadConfig({ env: {} }).config.maxRetry).toBe(2);
    } finally {
      process.chdir(cwd);
    }
  });
});

describe('environment', () => {
  it('wins over the file', () => {
    expect(load('max-retry: 5\nlisten: ":1"', { CODEX_PROXY_MAX_RETRY: '7' }).config).toMatchObject({ maxRetry: 7, listenPort: 1 });
  });

  it('may replace a wrong value of the file', () => {
    expect(load('max-retry: many', { CODEX_PROXY_MAX_RETRY: '7' }).config.maxRetry).toBe(7);
  });

  it('turns text into the type of the key', () => {
    const config = fromEnv({
      CODEX_PROXY_STREAM_HEADER_HOLD: '0.5',
      CODEX_PROXY_ENABLE_HTTP2: 'on',
      CODEX_PROXY_ENABLE_LISTEN_H2C: '0',
      CODEX_PROXY_API_KEYS: ' sk-one, sk-two,',
      CODEX_PROXY_MODEL_ALIASES: '{"mine":["gpt-5.5","gpt-5.4"]}',
      CODEX_PROXY_DB_PASSWORD: '12345',
    });
    expect(config).toMatchObject({
      streamHeaderHold: 0.5,
      enableHttp2: true,
      enableListenH2c: false,
      apiKeys: ['sk-one', 'sk-two'],
      modelAliases: { mine: ['gpt-5.5', 'gpt-5.4'] },
      dbPassword: '12345',
    });
    expect(fromEnv({ CODEX_PROXY_API_KEYS: '["a,b"]' }).apiKeys).toEqual(['a,b']);
  });

  it.each([
    [{ CODEX_PROXY_MAX_RETRY: 'two' }, 'max-retry (CODEX_PROXY_MAX_RETRY): must be a whole number, not "two"'],
    [{ CODEX_PROXY_ENABLE_HTTP2: 'maybe' }, 'enable-http2 (CODEX_PROXY_ENABLE_HTTP2): must be true or false, not "maybe"'],
    [{ CODEX_PROXY_API_KEYS: '["a"' }, 'api-keys (CODEX_PROXY_API_KEYS): must be a list, not this text'],
    [{ CODEX_PROXY_API_KEYS: ' , ' }, 'api-keys (CODEX_PROXY_API_KEYS): must be a list, not this text'],
    [{ CODEX_PROXY_LISTEN_FILE: '/x' }, 'CODEX_PROXY_LISTEN_FILE: unknown environment variable'],
  ])('refuses %j', (env, fault) => {
    expect(faultsOf('', env)).toEqual([expect.stringContaining(fault)]);
  });

  it('counts an empty variable as not set', () => {
    expect(load('max-retry: 5', { CODEX_PROXY_MAX_RETRY: '', CODEX_PROXY_NO_SUCH: '' }).config.maxRetry).toBe(5);
  });

  it('ignores what Kubernetes sets for a service named codex-proxy, and what belongs to others', () => {
    const env = {
      CODEX_PROXY_SERVICE_HOST: '10.0.0.1',
      CODEX_PROXY_SERVICE_PORT_HTTP: '80',
      CODEX_PROXY_PORT: 'tcp://10.0.0.1:80',
      CODEX_PROXY_PORT_80_TCP_ADDR: '10.0.0.1',
      HOME: '/root',
    };
    expect(faultsOf('', env)).toEqual([]);
  });

  it('reads secrets from files, without the line break at the end', () => {
    const key = write('0123456789abcdef\n', 'key');
    const keys = write('sk-one\nsk-two\n', 'keys');
    expect(fromEnv({ CODEX_PROXY_ENCRYPTION_KEY_FILE: key, CODEX_PROXY_API_KEYS_FILE: keys })).toMatchObject({
      encryptionKey: '0123456789abcdef',
      apiKeys: ['sk-one', 'sk-two'],
    });
  });

  it.each(['API_KEYS', 'ENCRYPTION_KEY', 'DB_PASSWORD'])('refuses an empty file for %s: it would count as no secret at all', (name) => {
    const fault = expect.stringContaining(`(CODEX_PROXY_${name}_FILE): the file is empty`);
    for (const text of ['', '\n', ' \n\n']) expect(faultsOf('', { [`CODEX_PROXY_${name}_FILE`]: write(text, 'empty') })).toEqual([fault]);
  });

  it('refuses a secret that is given twice or whose file cannot be read', () => {
    expect(faultsOf('', { CODEX_PROXY_DB_PASSWORD_FILE: '/no/such/file' })).toEqual([
      'db-password (CODEX_PROXY_DB_PASSWORD_FILE): the file cannot be read (ENOENT)',
    ]);
    expect(faultsOf('', { CODEX_PROXY_DB_PASSWORD_FILE: '/x', CODEX_PROXY_DB_PASSWORD: 'y' })).toEqual([
      'db-password (CODEX_PROXY_DB_PASSWORD_FILE): CODEX_PROXY_DB_PASSWORD is set too; set only one of the two',
    ]);
  });
});

describe('warnings', () => {
  it('are none for defaults', () => {
    expect(load('').warnings).toEqual([]);
  });

  it.each([
    ['save-workers: 99', 'save-workers has no effect: renewed tokens are in the database before they are used; there is no queue'],
    ['accounts: [a.json]', 'accounts has no effect: every *.json file in auth-dir is read'],
    ['log-color: true', 'log-color has no effect: logs have no colours'],
    [
      'cache-spoof-enabled: false',
      'cache-spoof-enabled is off, as it always is: usage is reported as the backend counts it, and no client is imitated',
    ],
    ['base-url: "https://a.example/x"\nbackend-domain: chatgpt.com', 'backend-domain has no effect: base-url names another host and wins'],
    ['db-dsn: "postgres://h/d"', 'db-enabled is false: accounts are kept in SQLite, and Postgres is not used'],
    [
      'oauth-callback-port: 1455\nlimits-when-database-down: local\nenable-codex-login: false',
      'accepted, but without effect in this version: oauth-callback-port, limits-when-database-down, enable-codex-login',
    ],
  ])('%j', (yaml, warning) => {
    expect(load(yaml).warnings).toEqual([warning]);
  });
});

describe('Config', () => {
  it('is frozen to its depth', () => {
    const { config } = load('api-keys: ["sk-one"]\nmodel-aliases: { a: b }');
    expect(() => Object.assign(config, { maxRetry: 1 })).toThrow(TypeError);
    expect(() => (config.apiKeys as string[]).push('x')).toThrow(TypeError);
    expect(() => (config.modelAliases['a'] as string[]).push('x')).toThrow(TypeError);
  });

  it('never prints a secret', () => {
    const text = JSON.stringify(load('api-keys: ["sk-one"]\ndb-password: hunter2\nproxy-url: "http://u:hunter2@h:1"').config);
    expect(text).not.toMatch(/sk-one|hunter2/);
    expect(text).toContain('"maxRetry":2');
  });

  it.each([
    ['', 'https://chatgpt.com/backend-api/codex', 'chatgpt.com', 'https://chatgpt.com/backend-api/wham/usage'],
    [
      'backend-domain: a.example:8443',
      'https://a.example:8443/backend-api/codex',
      'a.example:8443',
      'https://a.example:8443/backend-api/wham/usage',
    ],
    [
      'base-url: b.example/backend-api/codex/',
      'https://b.example/backend-api/codex',
      'b.example',
      'https://b.example/backend-api/wham/usage',
    ],
    [
      'base-url: http://127.0.0.1:9/codex\nbackend-domain: c.example',
      'http://127.0.0.1:9/codex',
      '127.0.0.1:9',
      'http://127.0.0.1:9/api/codex/usage',
    ],
    ['usage-url: u.example/usage', 'https://chatgpt.com/backend-api/codex', 'chatgpt.com', 'https://u.example/usage'],
  ])('derives the addresses of %j', (yaml, baseUrl, backendDomain, usageUrl) => {
    expect(load(yaml).config).toMatchObject({ baseUrl, backendDomain, usageUrl, modelsUrl: `${baseUrl}/models` });
  });

  it.each([
    ['127.0.0.1:0', '127.0.0.1', 0, false],
    ['localhost:8080', 'localhost', 8080, false],
    ['[::1]:8080', '::1', 8080, false],
    ['0.0.0.0:80', '0.0.0.0', 80, true],
    [':8080', expect.stringMatching(/^(::|0\.0\.0\.0)$/), 8080, true],
  ])('binds %s', (listen, listenHost, listenPort, listensBeyondLoopback) => {
    expect(load(`listen: "${listen}"`).config).toMatchObject({ listenHost, listenPort, listensBeyondLoopback });
  });

  it.each([
    ['', 'sqlite'],
    ['db-driver: postgres', 'sqlite'],
    ['db-enabled: true\nencryption-key: 0123456789abcdef', 'postgres'],
    ['db-enabled: true\ndb-driver: pg\nencryption-key: 0123456789abcdef', 'postgres'],
    ['db-enabled: true\ndb-driver: sqlite3', 'sqlite'],
  ])('chooses the database of %j', (yaml, driver) => {
    expect(load(yaml).config.databaseDriver).toBe(driver);
  });

  it('knows a driver by one name', () => {
    expect(load('db-driver: pg').config.dbDriver).toBe('postgres');
  });

  it('knows whether max-conns-per-host was written, even with its default', () => {
    expect(load('').config).toMatchObject({ maxConnsPerHost: 12, maxConnsPerHostExplicit: false });
    expect(load('max-conns-per-host: 12').config.maxConnsPerHostExplicit).toBe(true);
    expect(fromEnv({ CODEX_PROXY_MAX_CONNS_PER_HOST: '12' }).maxConnsPerHostExplicit).toBe(true);
  });

  it('lets compressed bodies unpack to the size of plain ones unless told otherwise', () => {
    expect(load('max-body-size-mb: 8').config.maxDecompressedBodySizeMb).toBe(8);
    expect(load('max-body-size-mb: 8\nmax-decompressed-body-size-mb: 32').config.maxDecompressedBodySizeMb).toBe(32);
  });

  it('takes a key without a value as not set', () => {
    expect(load('proxy-url:\nmax-retry: ~').config).toMatchObject({ proxyUrl: '', maxRetry: 2 });
  });

  it('gives every alias a list of models', () => {
    expect(load('model-aliases: { a: b, "c*": [d, e] }').config.modelAliases).toEqual({ a: ['b'], 'c*': ['d', 'e'] });
  });

  it.each(['http://127.0.0.1:7890', 'https://u:p@h.example:1', 'socks5://127.0.0.1:1080', 'socks5h://u:p%40@h.example:1080'])(
    'takes the proxy %s',
    (proxy) => {
      expect(load(`proxy-url: "${proxy}"`).config.proxyUrl).toBe(proxy);
    },
  );

  it('takes the sample of the README as it is', () => {
    const sample = `listen: ":8080"
auth-dir: "./auths"
base-url: "https://chatgpt.com/backend-api/codex"
log-level: "info"
refresh-interval: 3000
max-retry: 2
health-check-interval: 300
health-check-max-failures: 3
health-check-concurrency: 5
refresh-concurrency: 50
api-keys:
  - "sk-your-custom-key"
`;
    expect(load(sample).warnings).toEqual([]);
    expect(load(sample).config.apiKeys).toEqual(['sk-your-custom-key']);
  });
});
