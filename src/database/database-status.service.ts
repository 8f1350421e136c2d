import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ChangeFeed } from './change-feed.service.js';

export type DatabaseTrouble = 'no answer' | 'takes no writes';

/** What readiness asks of the database. */
@Injectable()
export class DatabaseStatus {
  constructor(
    private readonly dataSource: DataSource,
    private readonly feed: ChangeFeed,
  ) {}

  /** The data source is only handed out after every migration has run, so its presence is the proof. */
  get migrated(): boolean {
    return this.dataSource.isInitialized;
  }

  /** Whether connections to the database do not last. */
  get disturbed(): boolean {
    return this.feed.disturbed;
  }

  /** A database may answer and take no writes: a standby that a failover has not promoted, or one that was locked. Never rejects. */
  async trouble(): Promise<DatabaseTrouble | null> {
    try {
      if (this.dataSource.options.type !== 'postgres') return (await this.dataSource.query('SELECT 1'), null);
      const [row] = await this.dataSource.query<{ readonly: string }[]>("SELECT current_setting('transaction_read_only') AS readonly");
      return row!.readonly === 'on' ? 'takes no writes' : null;
    } catch {
      return 'no answer';
    }
  }
}
