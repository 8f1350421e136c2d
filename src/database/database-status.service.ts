import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';

/** What readiness asks of the database. */
@Injectable()
export class DatabaseStatus {
  constructor(private readonly dataSource: DataSource) {}

  /** The data source is only handed out after every migration has run, so its presence is the proof. */
  get migrated(): boolean {
    return this.dataSource.isInitialized;
  }

  /** Rejects when the database does not answer. */
  async ping(): Promise<void> {
    await this.dataSource.query('SELECT 1');
  }
}
