import { Module } from '@nestjs/common';
import { AccountsModule } from '../accounts/accounts.module.js';
import { ModelsModule } from '../models/models.module.js';
import { RefreshModule } from '../refresh/refresh.module.js';
import { UpstreamModule } from '../upstream/upstream.module.js';
import { QuotaModule } from '../quota/quota.module.js';
import { AccountReadiness } from './account-readiness.service.js';
import { AttemptLoop } from './attempt-loop.service.js';
import { AttemptReaction } from './attempt-reaction.service.js';
import { CompactAttempt } from './compact-attempt.js';
import { Executor } from './executor.service.js';
import { OutageWatch } from './outage-watch.service.js';
import { RefusedParameters } from './refused-parameters.js';
import { SilenceLimit } from './silence-limit.service.js';
import { StreamAttempt } from './stream-attempt.js';
import { StreamOddities } from './stream-oddities.service.js';
import { TokenFreshness } from './token-freshness.service.js';
import { TurnFactory } from './turn-factory.service.js';
import { TurnStates } from './turn-states.js';
import { TurnVerdict } from './turn-verdict.service.js';
import { UpstreamCalls } from './upstream-calls.service.js';

@Module({
  imports: [AccountsModule, ModelsModule, RefreshModule, QuotaModule, UpstreamModule],
  providers: [
    AccountReadiness,
    AttemptLoop,
    AttemptReaction,
    CompactAttempt,
    Executor,
    OutageWatch,
    RefusedParameters,
    SilenceLimit,
    StreamAttempt,
    StreamOddities,
    TokenFreshness,
    TurnFactory,
    TurnStates,
    TurnVerdict,
    UpstreamCalls,
  ],
  exports: [Executor],
})
export class ExecutorModule {}
