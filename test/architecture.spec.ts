import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const SRC = resolve(import.meta.dirname, '../src');

/** Who may import whom. `config`, `common` and `metrics` are open to all; this table is the architecture diagram. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  common: [],
  metrics: [],
  config: [],
  inbound: [],
  database: [],
  upstream: [],
  accounts: ['database', 'upstream'],
  access: ['database'],
  refresh: ['accounts', 'upstream', 'database'],
  quota: ['accounts', 'upstream', 'refresh', 'database'],
  models: ['accounts', 'upstream', 'refresh', 'access', 'database'],
  usage: ['database'],
  health: ['accounts', 'upstream', 'quota', 'refresh', 'database', 'inbound'],
  executor: ['accounts', 'refresh', 'quota', 'models', 'upstream', 'usage'],
  'protocols/shared': ['executor', 'models', 'upstream', 'inbound'],
  'protocols/responses': ['protocols/shared', 'executor', 'models', 'access', 'upstream', 'inbound'],
  'protocols/chat-completions': ['protocols/shared', 'executor', 'models', 'access', 'upstream', 'inbound'],
  'protocols/messages': ['protocols/shared', 'executor', 'models', 'access', 'upstream', 'inbound'],
  operations: ['accounts', 'refresh', 'quota', 'health', 'models', 'access', 'upstream', 'inbound'],
  console: ['inbound'],
  login: ['accounts', 'upstream', 'access'],
  admin: ['accounts', 'refresh', 'health', 'quota', 'models', 'usage', 'access'],
  sandbox: [],
};
const OPEN_TO_ALL = ['config', 'common', 'metrics'];
/** Files at the top of `src`, `cli` and `protocols/*.ts` put the rooms together and may import all of them. */
const JOINERS = ['.', 'cli', 'protocols'];

const PACKAGES: readonly { name: RegExp; only: RegExp; why: string }[] = [
  { name: /^undici$/, only: /^(upstream\/|.*\.client\.ts$)/, why: 'one dispatcher factory serves every outbound call' },
  {
    name: /^(typeorm|@nestjs\/typeorm)$/,
    only: /^(database\/|.*\.entity\.ts$|.*\.repository\.ts$|.*\.module\.ts$)/,
    why: 'SQL lives in repositories',
  },
  {
    name: /^fastify$/,
    only: /^(main\.ts|app\.setup\.ts|inbound\/|common\/|access\/|protocols\/|console\/|health\/|operations\/)/,
    why: 'HTTP types stay at the edge',
  },
];

function* sources(dir: string): Generator<string> {
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (name.endsWith('.ts') && !/\.(spec|e2e-spec)\.ts$/.test(name)) yield path;
  }
}

const room = (file: string): string => {
  const parts = relative(SRC, file).split(sep);
  if (parts.length === 1) return '.';
  return parts[0] === 'protocols' ? (parts.length === 2 ? 'protocols' : `protocols/${parts[1]}`) : parts[0]!;
};

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)\s*import\s*['"]([^'"]+)['"]/g;

const files = [...sources(SRC)].map((path) => {
  const text = readFileSync(path, 'utf8');
  return {
    path,
    name: relative(SRC, path).split(sep).join('/'),
    text,
    imports: [...text.matchAll(IMPORT)].map((m) => (m[1] ?? m[2] ?? m[3])!),
  };
});

const targetRoom = (file: string, specifier: string): string => room(resolve(dirname(file), specifier));

describe('architecture', () => {
  it('lets each room import only the rooms the table allows', () => {
    const breaches = files.flatMap(({ path, name, imports }) => {
      const from = room(path);
      if (JOINERS.includes(from)) return [];
      const allowed = MAY_IMPORT[from];
      if (!allowed) return [`${name}: room "${from}" is not in the table`];
      return imports
        .filter((specifier) => specifier.startsWith('.'))
        .map((specifier) => targetRoom(path, specifier))
        .filter((to) => to !== from && !OPEN_TO_ALL.includes(to) && !allowed.includes(to))
        .map((to) => `${name} imports ${to}`);
    });
    expect(breaches).toEqual([]);
  });

  it('keeps each package in its place', () => {
    const breaches = files.flatMap(({ name, imports }) =>
      PACKAGES.filter((rule) => imports.some((i) => rule.name.test(i)) && !rule.only.test(name)).map((rule) => `${name}: ${rule.why}`),
    );
    expect(breaches).toEqual([]);
  });

  it('reads the environment only in config, main and the sandbox command', () => {
    const readers = files
      .filter(({ name, text }) => /process\.env\b/.test(text) && !/^(config\/|main\.ts$)/.test(name))
      .map(({ name }) => name);
    expect(readers).toEqual([]);
  });

  it('has no cycle between rooms and no forwardRef', () => {
    const edges = new Map<string, Set<string>>();
    for (const { path, imports } of files) {
      const from = room(path);
      if (JOINERS.includes(from)) continue;
      for (const specifier of imports.filter((i) => i.startsWith('.'))) {
        const to = targetRoom(path, specifier);
        if (to !== from) edges.set(from, (edges.get(from) ?? new Set()).add(to));
      }
    }
    const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
      [...(edges.get(from) ?? [])].some((next) => next === to || (!seen.has(next) && (seen.add(next), reaches(next, to, seen))));
    expect([...edges.keys()].filter((name) => reaches(name, name))).toEqual([]);
    expect(files.filter(({ text }) => text.includes('forwardRef')).map(({ name }) => name)).toEqual([]);
  });
});
