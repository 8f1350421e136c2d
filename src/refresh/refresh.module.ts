import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { UpstreamModule } from '../upstream/upstream.module.js';
import { DueAccounts } from './due-accounts.js';
import { RefreshCron } from './refresh.cron.js';
import { RefreshRules } from './refresh-rules.js';
import { RefreshLease } from './refresh-lease.js';
import { RefreshService } from './refresh.service.js';
import { RefreshSweep } from './refresh.sweep.js';
import { RescueReserve } from './rescue-reserve.js';
import { RescueService } from './rescue.service.js';
import { Rotation } from './rotation.js';
import { TokenClient } from './token.client.js';
import { TokenEndpointWatch } from './token-endpoint-watch.service.js';
import { TokenKeeper } from './token-keeper.js';
import { TokenPublisher } from './token-publisher.js';
import { TokenRefusals } from './token-refusals.js';
import { TokenStore } from './token-store.js';

@Module({
  imports: [AccountsModule, UpstreamModule],
  providers: [
    RefreshService,
    RefreshSweep,
    DueAccounts,
    RefreshCron,
    Rotation,
    RefreshLease,
    RefreshRules,
    TokenClient,
    TokenEndpointWatch,
    TokenKeeper,
    TokenStore,
    TokenPublisher,
    TokenRefusals,
    RescueReserve,
    RescueService,
  ],
  exports: [RefreshService, RefreshSweep, RescueService],
})
export class RefreshModule {}
