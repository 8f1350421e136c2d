import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { AccountsModule } from '../accounts/accounts.module.js';
import { DatabaseModule } from '../database/database.module.js';
import { QuotaModule } from '../quota/quota.module.js';
import { RefreshModule } from '../refresh/refresh.module.js';
import { DegradationIndicators } from './degradation.indicators.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { AccountProbe } from './probe/account-probe.service.js';
import { HealthCron } from './probe/health.cron.js';
import { ProbeRounds } from './probe/probe-rounds.service.js';
import { RecoveryRounds } from './probe/recovery-rounds.service.js';
import { ReadinessIndicators } from './readiness.indicators.js';

@Module({
  // Probes are frequent and their answers say everything: terminus must not log each failure as well.
  imports: [TerminusModule.forRoot({ logger: false }), DatabaseModule, AccountsModule, RefreshModule, QuotaModule],
  controllers: [HealthController],
  providers: [HealthService, ReadinessIndicators, DegradationIndicators, AccountProbe, ProbeRounds, RecoveryRounds, HealthCron],
  exports: [HealthService],
})
export class HealthModule {}
