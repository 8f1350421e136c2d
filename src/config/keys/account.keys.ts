import type { ValueCheck } from '../key-declaration.js';
import { Choice, Flag, Integer, Seconds, Text, TextList } from '../key.decorators.js';

const MIN_KEY_LENGTH = 16;

const encryptionKeyFault: ValueCheck<string> = (text) =>
  text === '' || text.length >= MIN_KEY_LENGTH ? undefined : `have at least ${MIN_KEY_LENGTH} characters`;

export class AccountKeys {
  static readonly title = 'Accounts';

  @Text('auth-dir', { about: 'Directory of account files (*.json), read at start and watched; empty = none.' })
  authDir = './auths';

  @Seconds('auth-scan-interval', {
    about: 'Interval of full scans of auth-dir, beside file-system events; 0 = events only.',
    min: 0,
    max: 86_400,
  })
  authScanInterval = 30;

  @Flag('auth-dir-write-back', { about: 'Write renewed tokens back to the single-account file they came from.' })
  authDirWriteBack = true;

  @Text('encryption-key', {
    about:
      'Encrypts tokens in the database. SQLite: created beside the database when empty. Postgres: required, the same for every replica.',
    secret: true,
    check: encryptionKeyFault,
    example: 'at-least-16-random-characters',
  })
  encryptionKey = '';

  @Choice('selector', ['round-robin', 'quota-first'], {
    about: 'round-robin rotates among the accounts with about the most quota left; quota-first takes the one with the most.',
  })
  selector: 'round-robin' | 'quota-first' = 'round-robin';

  @Integer('account-max-concurrency', { about: 'Most requests at the same time on one account; 0 = no limit.', min: 0, max: 100_000 })
  accountMaxConcurrency = 0;

  @Integer('mass-disable-limit-percent', {
    about: 'Share of the pool that verdicts inferred from answers may take out of service within an hour; three accounts always may go.',
    min: 0,
    max: 100,
  })
  massDisableLimitPercent = 20;

  @Flag('recover-auth-rename-disabled', {
    about: 'POST /recover-auth renames the file of an account whose login is refused for good to *.json.disabled.',
  })
  recoverAuthRenameDisabled = false;

  @TextList('accounts', { about: 'List of account files.', noEffect: 'every *.json file in auth-dir is read' })
  accounts: readonly string[] = [];

  @Flag('startup-async-load', {
    about: 'Answer while accounts are still being loaded.',
    noEffect: 'the port opens as soon as the first accounts are in',
  })
  startupAsyncLoad = true;

  @Seconds('startup-load-retry-interval', {
    about: 'Interval of attempts to load accounts at start.',
    noEffect: 'auth-dir is watched, and scanned every auth-scan-interval',
  })
  startupLoadRetryInterval = 10;

  @Integer('startup-load-batch-size', { about: 'Accounts loaded at a time.', noEffect: 'files are read in batches of a fixed size' })
  startupLoadBatchSize = 0;

  @Integer('save-workers', {
    about: 'Parallel writers of account files.',
    noEffect: 'renewed tokens are in the database before they are used; there is no queue',
  })
  saveWorkers = 4;
}
