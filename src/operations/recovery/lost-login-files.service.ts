import { Injectable, Logger } from '@nestjs/common';
import { AccountsService } from '../../accounts/accounts.service.js';
import { AccountFileDisabler } from '../../accounts/files/account-file-disabler.js';
import { AccountChangeWriter } from '../../accounts/storage/account-change.writer.js';
import { Config } from '../../config/config.js';

/** What happens to the file of an account that has failed for good: with `recover-auth-rename-disabled` it is renamed. */
@Injectable()
export class LostLoginFiles {
  private readonly logger = new Logger(LostLoginFiles.name);

  constructor(
    private readonly config: Config,
    private readonly accounts: AccountsService,
    private readonly writer: AccountChangeWriter,
    private readonly files: AccountFileDisabler,
  ) {}

  /** New names of the files that were renamed. Never rejects. */
  async disable(accountId: string): Promise<string[]> {
    if (!this.config.recoverAuthRenameDisabled) return [];
    try {
      // An active account whose file vanishes would be paused for that, and forget why it really is out of service.
      await this.writer.flush();
      const state = (await this.accounts.findById(accountId))?.state;
      return state === 'needs_login' || state === 'disabled' ? await this.files.disable(accountId) : [];
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.logger.warn({ msg: 'the file of a lost login could not be renamed', accountId, error: message });
      return [];
    }
  }
}
