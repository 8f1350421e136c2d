/**
 * Real clients against the built program. A project of its own: it needs `test/clients/node_modules`, which `npm run test:clients` installs.
 * @type {import('jest').Config}
 */
export default {
  rootDir: '../..',
  displayName: 'clients',
  roots: ['<rootDir>/test/clients'],
  testMatch: ['**/*.spec.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  modulePathIgnorePatterns: ['<rootDir>/build/', '<rootDir>/dist/'],
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': '@swc/jest' },
  testEnvironment: 'node',
  // A command line client starts in half a second on an idle machine; on a busy one it takes many times that.
  testTimeout: 60_000,
};
