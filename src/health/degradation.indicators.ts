import { Injectable } from '@nestjs/common';
import { type HealthIndicatorFunction, HealthIndicatorService } from '@nestjs/terminus';
import { AccountLoader } from '../accounts/account-loader.service.js';
import { AccountEffects } from '../accounts/policy/account-effects.service.js';
import { AccountChangeWriter } from '../accounts/storage/account-change.writer.js';
import { RescueService } from '../refresh/rescue.service.js';

/** What an operator should know although requests are served. The messages are public: no host, path or name of an account. */
@Injectable()
export class DegradationIndicators {
  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly writer: AccountChangeWriter,
    private readonly rescues: RescueService,
    private readonly effects: AccountEffects,
    private readonly loader: AccountLoader,
  ) {}

  all(): HealthIndicatorFunction[] {
    return [
      () => this.#unless('writes', this.writer.healthy, 'changes of accounts wait for the database'),
      () =>
        this.#unless(
          'tokens',
          this.rescues.inMemoryOnly === 0,
          'new tokens are in memory only: neither the database nor the disk takes them',
        ),
      () => this.#unless('removals', !this.effects.guard.alarm, 'more accounts look lost than may be taken out of service within an hour'),
      () => this.#unless('loading', this.loader.progress.state === 'loaded', 'accounts are still being loaded'),
    ];
  }

  #unless(name: string, well: boolean, reason: string) {
    const check = this.indicators.check(name);
    return well ? check.up() : check.down(reason);
  }
}
