import { DynamicModule, Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { AccessModule } from './access/access.module.js';
import { AccountsModule } from './accounts/accounts.module.js';
import { CommonModule } from './common/common.module.js';
import { Config } from './config/config.js';
import { ConfigurationModule } from './config/config.module.js';
import { ConsoleModule } from './console/console.module.js';
import { DatabaseModule } from './database/database.module.js';
import { ExecutorModule } from './executor/executor.module.js';
import { HealthModule } from './health/health.module.js';
import { InboundModule } from './inbound/inbound.module.js';
import { ModelsModule } from './models/models.module.js';
import { OperationsModule } from './operations/operations.module.js';
import { ProtocolsModule } from './protocols/protocols.module.js';
import { QuotaModule } from './quota/quota.module.js';
import { RefreshModule } from './refresh/refresh.module.js';
import { UpstreamModule } from './upstream/upstream.module.js';

/** The rooms, in the order a request meets them. */
@Module({})
export class AppModule {
  static with(config: Config): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigurationModule.forRoot(config),
        CommonModule,
        ScheduleModule.forRoot(),
        DatabaseModule,
        InboundModule,
        AccessModule,
        ProtocolsModule,
        ModelsModule,
        ExecutorModule,
        AccountsModule,
        UpstreamModule,
        RefreshModule,
        QuotaModule,
        HealthModule,
        OperationsModule,
        ConsoleModule,
      ],
    };
  }
}
