import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { RefreshModule } from '../refresh/refresh.module.js';
import { UpstreamModule } from '../upstream/upstream.module.js';
import { QuotaCheckService } from './quota-check.service.js';
import { UsageClient } from './usage.client.js';

/** Usage windows of accounts, asked from the backend; what answers tell of them in passing is the pool's own. */
@Module({
  imports: [AccountsModule, RefreshModule, UpstreamModule],
  providers: [UsageClient, QuotaCheckService],
  exports: [UsageClient, QuotaCheckService],
})
export class QuotaModule {}
