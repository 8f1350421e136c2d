import { Global, Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Clock } from '../common/clock.js';
import { Config } from '../config/config.js';
import { ChangeFeed } from './change-feed.service.js';
import { ClockAlignment } from './clock-alignment.service.js';
import { DatabaseStatus } from './database-status.service.js';
import { databaseOptions } from './database.options.js';
import { openDatabase } from './open-database.js';
import { SettingEntity } from './setting.entity.js';
import { SettingRepository } from './setting.repository.js';

interface WaitOptions {
  readonly startWaitMs?: number;
}

/** The one data source, migrated before anybody gets it. Global: every repository of every room uses it. */
@Global()
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject: [Config],
      useFactory: (config: Config) => ({
        ...databaseOptions(config),
        autoLoadEntities: true,
        toRetry: () => false,
        startWaitMs: config.dbStartWaitSec * 1000,
      }),
      dataSourceFactory: (options) => openDatabase(options!, new Clock(), (options as WaitOptions).startWaitMs),
    }),
    TypeOrmModule.forFeature([SettingEntity]),
  ],
  providers: [SettingRepository, DatabaseStatus, ChangeFeed, ClockAlignment],
  exports: [SettingRepository, DatabaseStatus, ChangeFeed],
})
export class DatabaseModule {}
