/**
 * This gateway, as `npm run build` left it. Everything that depends on its configuration is in this file.
 *   BENCH_OURS_DIR    checkout it runs in        (default: this one)
 *   BENCH_OURS_CMD    command                    (default: `{node} dist/main.js --config {config}`)
 *                     {config} {port} {node} are replaced; without {config} "--config <file>" is appended
 *   BENCH_OURS_EXTRA  more YAML lines for the configuration
 *   BENCH_OURS_ENV    more environment, as a JSON object
 * `ours@b` reads BENCH_OURS_DIR_b and so on first, so that two builds can be compared in one run.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startProcess } from '../measure/process.ts';
import { accountDirectory } from './accounts.ts';
import { clientKey, type Target, type TargetContext } from './target.ts';

const KEY = 'sk-perf';
const ROOT = resolve(import.meta.dirname, '../..');
const COMMAND = '{node} dist/main.js --config {config}';

const setting = (name: string, label: string, fallback: string): string =>
  process.env[`BENCH_OURS_${name}_${label}`] || process.env[`BENCH_OURS_${name}`] || fallback;

function writeConfig({ dir, port, baseUrl, accounts, cache, label }: TargetContext): string {
  const file = join(dir, 'config.yaml');
  const lines = [
    `listen: "127.0.0.1:${port}"`,
    `auth-dir: "${accountDirectory(join(dir, 'auths'), accounts, cache)}"`,
    `base-url: "${baseUrl}"`,
    `db-path: "${join(dir, 'proxy.db')}"`,
    'api-keys:',
    `  - "${KEY}"`,
    'max-retry: 2',
    'health-check-interval: 0',
    'log-level: "warn"',
    setting('EXTRA', label, ''),
  ];
  writeFileSync(file, lines.join('\n'));
  return file;
}

export const ours = (name: string, label: string): Target => {
  const cwd = setting('DIR', label, ROOT);
  const wanted = setting('CMD', label, COMMAND);
  const command = wanted.includes('{config}') ? wanted : `${wanted} --config {config}`;
  return {
    name,
    label,
    missing: () => (wanted === COMMAND && !existsSync(join(cwd, 'dist/main.js')) ? `no dist/main.js in ${cwd}: npm run build` : null),
    headers: (dialect) => clientKey(dialect, KEY),
    start: (context) => {
      const { dir, port, node } = context;
      const config = writeConfig(context);
      const fill = (word: string) => word.replace('{config}', config).replace('{port}', String(port)).replace('{node}', node);
      const [bin = node, ...args] = command.split(/\s+/).map(fill);
      const env = JSON.parse(setting('ENV', label, '{}')) as Record<string, string>;
      return startProcess(bin === 'node' ? node : bin, args, { dir, cwd, env });
    },
  };
};
