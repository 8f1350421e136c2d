import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { AccountsModule } from '../accounts/accounts.module.js';
import { QuotaModule } from '../quota/quota.module.js';
import { RefreshModule } from '../refresh/refresh.module.js';
import { CheckQuotaController } from './jobs/check-quota.controller.js';
import { JobAnswers } from './jobs/job-answers.service.js';
import { JobBoard } from './jobs/job-board.service.js';
import { QuotaCheckPlan } from './jobs/quota-check-plan.service.js';
import { RefreshPlan } from './jobs/refresh-plan.service.js';
import { RefreshController } from './jobs/refresh.controller.js';
import { AccountRecovery } from './recovery/account-recovery.service.js';
import { LostLoginFiles } from './recovery/lost-login-files.service.js';
import { RecoverAuthController } from './recovery/recover-auth.controller.js';
import { RecoverAuth } from './recovery/recover-auth.service.js';
import { ReturnToService } from './recovery/return-to-service.service.js';
import { StatsController } from './stats/stats.controller.js';
import { StatsService } from './stats/stats.service.js';

/** What operators ask of the running service: how the accounts are, and to renew, query or recover them. */
@Module({
  imports: [AccessModule, AccountsModule, RefreshModule, QuotaModule],
  controllers: [StatsController, RefreshController, CheckQuotaController, RecoverAuthController],
  providers: [
    StatsService,
    JobBoard,
    JobAnswers,
    RefreshPlan,
    QuotaCheckPlan,
    RecoverAuth,
    AccountRecovery,
    ReturnToService,
    LostLoginFiles,
  ],
})
export class OperationsModule {}
