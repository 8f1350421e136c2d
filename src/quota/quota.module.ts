import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccountsModule } from '../accounts/accounts.module.js';
import { RefreshModule } from '../refresh/refresh.module.js';
import { UpstreamModule } from '../upstream/upstream.module.js';
import { QuotaCheckService } from './quota-check.service.js';
import { QuotaCron } from './quota.cron.js';
import { QuotaPrecheck } from './quota-precheck.service.js';
import { QuotaSampleEntity } from './quota-sample.entity.js';
import { QuotaSampleRepository } from './quota-sample.repository.js';
import { QuotaSampler } from './quota-sampler.service.js';
import { QuotaSweep } from './quota.sweep.js';
import { UsageClient } from './usage.client.js';

/** Usage windows of accounts: asked from the backend, held against cooldowns, kept as history. What answers tell in passing is the pool's own. */
@Module({
  imports: [TypeOrmModule.forFeature([QuotaSampleEntity]), AccountsModule, RefreshModule, UpstreamModule],
  providers: [UsageClient, QuotaCheckService, QuotaPrecheck, QuotaSampleRepository, QuotaSampler, QuotaSweep, QuotaCron],
  exports: [UsageClient, QuotaCheckService, QuotaPrecheck, QuotaSampleRepository, QuotaSampler, QuotaSweep],
})
export class QuotaModule {}
