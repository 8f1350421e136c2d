import { ConfigService } from '@nestjs/config';
import { Test } from '@nestjs/testing';
import { describe, expect, it } from '@jest/globals';
import { testConfig } from '../../test/support/test-config.js';
import { Config } from './config.js';
import { ConfigurationModule } from './config.module.js';

describe('ConfigurationModule', () => {
  it('injects the very configuration that was loaded', async () => {
    const config = testConfig({ maxRetry: 7 });
    const app = await Test.createTestingModule({ imports: [ConfigurationModule.forRoot(config)] }).compile();
    expect(app.get(Config)).toBe(config);
    expect(app.get(ConfigService).get('codex-proxy.maxRetry')).toBe(7);
  });

  it('keeps the configuration out of the environment, where child processes would read its secrets', async () => {
    const before = { ...process.env };
    await Test.createTestingModule({ imports: [ConfigurationModule.forRoot(testConfig({ apiKeys: ['sk-secret'] }))] }).compile();
    expect({ ...process.env }).toEqual(before);
  });
});
