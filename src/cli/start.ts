import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AccountLoader } from '../accounts/account-loader.service.js';
import { AccountPool } from '../accounts/pool/account-pool.service.js';
import { AppModule } from '../app.module.js';
import { configureApp, createAdapter } from '../app.setup.js';
import { armCrashPoint } from '../common/crash-points.js';
import { createLogger } from '../common/pino-logger.js';
import { Config } from '../config/config.js';
import { ConfigSources, loadConfig } from '../config/load-config.js';
import { shutdownOnSignals } from '../inbound/shutdown-signals.js';

/** Reads the configuration and starts the service. @throws ConfigError, or what keeps it from starting (port taken, database away) */
export async function startFromSources(sources: ConfigSources): Promise<NestFastifyApplication> {
  armCrashPoint(sources.env);
  const { config, warnings } = loadConfig(sources);
  return start(config, warnings);
}

/** Starts the service: database, first accounts, port. Resolves when it answers. */
export async function start(config: Config, warnings: readonly string[] = []): Promise<NestFastifyApplication> {
  const logger = createLogger({ level: config.logLevel, format: config.logFormat });
  const app = await NestFactory.create<NestFastifyApplication>(AppModule.with(config), createAdapter(config), {
    bodyParser: false,
    logger,
    abortOnError: false,
  });
  configureApp(app, config, logger);
  for (const warning of warnings) logger.warn({ msg: warning }, 'Config');
  shutdownOnSignals(app);
  try {
    await app.init();
    await app.listen({ host: config.listenHost, port: config.listenPort });
  } catch (error) {
    // Accounts are being loaded and tokens renewed already: a process that does not serve must not go on with that.
    await app.close().catch(() => undefined);
    throw error;
  }
  new Logger('Start').log({ msg: 'listening', url: await app.getUrl() });
  void hintWithoutAccounts(app, config);
  return app;
}

/** The first start of most people: everything runs, and every request would be answered 503. */
async function hintWithoutAccounts(app: NestFastifyApplication, { authDir }: Config): Promise<void> {
  await app.get(AccountLoader).whenLoaded.catch(() => undefined);
  if (app.get(AccountPool).size > 0) return;
  const where = authDir === '' ? 'set auth-dir' : `put account files (*.json) into ${authDir}`;
  new Logger('Start').warn(`no account yet: ${where}; they are taken in while the service runs. To try it without any: npm run sandbox`);
}
