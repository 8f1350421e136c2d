import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { AccountsModule } from '../accounts/accounts.module.js';
import { DatabaseModule } from '../database/database.module.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { ReadinessIndicators } from './readiness.indicators.js';

@Module({
  // Probes are frequent and their answers say everything: terminus must not log each failure as well.
  imports: [TerminusModule.forRoot({ logger: false }), DatabaseModule, AccountsModule],
  controllers: [HealthController],
  providers: [HealthService, ReadinessIndicators],
  exports: [HealthService],
})
export class HealthModule {}
