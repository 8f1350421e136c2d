import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { checkConfig } from './check-config.js';

const dir = mkdtempSync(join(tmpdir(), 'codex-proxy-check-'));
afterAll(() => rmSync(dir, { recursive: true }));

const check = (yaml: string, env: NodeJS.ProcessEnv = {}): { code: number; lines: string[] } => {
  const file = join(dir, 'config.yaml');
  writeFileSync(file, yaml);
  const lines: string[] = [];
  const code = checkConfig({ file, env }, (line) => lines.push(line));
  return { code, lines };
};

describe('check-config', () => {
  it('ends with 0 for a valid configuration', () => {
    expect(check('max-retry: 3')).toEqual({ code: 0, lines: ['configuration is valid'] });
  });

  it('prints warnings before the verdict', () => {
    expect(check('save-workers: 9')).toEqual({
      code: 0,
      lines: [expect.stringMatching(/^warning: save-workers has no effect/), 'configuration is valid'],
    });
  });

  it('prints one line per fault and ends with 1', () => {
    const { code, lines } = check('max-retrys: 3\nlog-level: loud');
    expect(code).toBe(1);
    expect(lines.join('\n').split('\n')).toEqual([
      'max-retrys (config.yaml:1): unknown key; did you mean max-retry?',
      expect.stringMatching(/^log-level \(config\.yaml:2\): must be one of/),
    ]);
  });

  it('never prints a secret, however wrong it is', () => {
    const yaml = [
      'api-keys: hunter2',
      'admin-keys: hunter2',
      'db-password: [hunter2]',
      'db-dsn: "hunter2"',
      'encryption-key: hunter2',
      'proxy-url: "http://me:hunter2@"',
    ].join('\n');
    const { code, lines } = check(yaml, { CODEX_PROXY_NO_SUCH_KEY: 'hunter2', CODEX_PROXY_DB_PASSWORD_FILE: '/none' });
    expect(code).toBe(1);
    expect(lines.join('\n').split('\n')).toHaveLength(8);
    expect(lines.join('\n')).not.toContain('hunter2');
  });
});
