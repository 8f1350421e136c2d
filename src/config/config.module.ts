import { type DynamicModule, Module } from '@nestjs/common';
import { ConfigModule, type ConfigType, registerAs } from '@nestjs/config';
import { Config } from './config.js';

/**
 * Makes the loaded configuration injectable everywhere, as `Config`. It is loaded before Nest starts, so that faults are
 * printed as lines and not as a stack trace of the container.
 */
@Module({})
export class ConfigurationModule {
  static forRoot(config: Config): DynamicModule {
    const source = registerAs('codex-proxy', () => config);
    return {
      module: ConfigurationModule,
      global: true,
      imports: [ConfigModule.forRoot({ load: [source], ignoreEnvFile: true, validatePredefined: false, skipProcessEnv: true })],
      providers: [{ provide: Config, inject: [source.KEY], useFactory: (loaded: ConfigType<typeof source>) => loaded }],
      exports: [Config],
    };
  }
}
