import { INestApplication, Logger } from '@nestjs/common';
import { DrainService } from './drain.service.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** What modules may take to write out what they hold, after the last connection is closed. */
const CLOSE_TIMEOUT_MS = 10_000;

/**
 * SIGTERM and SIGINT: drain, close the modules, exit 0. A second signal cuts what is still in flight. Nest's own
 * shutdown hooks are not used because they destroy modules before the streams that need them have ended, and kill the
 * process with the signal instead of exiting 0.
 */
export const shutdownOnSignals = (app: INestApplication, exit: (code: number) => void = (code) => process.exit(code)): void => {
  const logger = new Logger('Shutdown');
  const drain = app.get(DrainService);
  let asked = false;

  const stop = async (): Promise<void> => {
    await drain.drain();
    const overdue = setTimeout(() => {
      logger.error({ msg: 'closing took too long, leaving' });
      exit(1);
    }, CLOSE_TIMEOUT_MS);
    await app.close().finally(() => clearTimeout(overdue));
    exit(0);
  };

  const onSignal = (signal: string): void => {
    if (asked) {
      logger.warn({ msg: 'second signal: connections are cut', signal });
      drain.force();
      return;
    }
    asked = true;
    logger.log({ msg: 'draining', signal });
    stop().catch((error: unknown) => {
      logger.error(error);
      exit(1);
    });
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
};
