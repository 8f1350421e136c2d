const unit = {
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^#migrations$': '<rootDir>/migrations/index.ts', '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': '@swc/jest' },
  testEnvironment: 'node',
  roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/bench'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/clients/'],
  modulePathIgnorePatterns: ['<rootDir>/dist/', '<rootDir>/test/clients/'],
};

/** @type {import('jest').Config} */
export default {
  testTimeout: 30_000,
  projects: [
    { ...unit, displayName: 'unit', roots: ['<rootDir>/src', '<rootDir>/test', '<rootDir>/bench'], testMatch: ['**/*.spec.ts'] },
    { ...unit, displayName: 'e2e', roots: ['<rootDir>/test'], testMatch: ['**/*.e2e-spec.ts'] },
    // Seconds each; with FAULTS=full (npm run test:faults) at their full length.
    { ...unit, displayName: 'faults', roots: ['<rootDir>/test'], testMatch: ['**/*.fault-spec.ts'] },
  ],
};
