import { Injectable, Logger, OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Clock } from '../common/clock.js';

const ROUND_MS = 60_000;
/** Less is the noise of measuring, and harmless. */
const TOLERATED_MS = 2_000;
/** An answer that took longer says too little about when it was given. */
const LONGEST_TRIP_MS = 1_000;

/**
 * On Postgres every replica goes by the server's clock: what one of them writes (the end of a token, of a pause, of a cooldown) means the
 * same instant to all others, whatever their machines believe. Measured at start and once a minute.
 */
@Injectable()
export class ClockAlignment implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(ClockAlignment.name);
  private timer: NodeJS.Timeout | null = null;
  private offsetMs = 0;

  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  async onModuleInit(): Promise<void> {
    if (this.dataSource.options.type !== 'postgres') return;
    await this.align();
    this.timer = setInterval(() => void this.align(), ROUND_MS);
    this.timer.unref();
  }

  onApplicationShutdown(): void {
    if (this.timer) clearInterval(this.timer);
  }

  /** A database that does not answer leaves the clock as it is. Never rejects. */
  async align(): Promise<void> {
    const sentAt = Date.now();
    const serverNow = await this.serverNow().catch(() => null);
    const receivedAt = Date.now();
    if (serverNow === null || Math.abs(receivedAt - sentAt) > LONGEST_TRIP_MS) return;
    const measured = Math.round(serverNow - (sentAt + receivedAt) / 2);
    if (Math.abs(measured - this.offsetMs) <= TOLERATED_MS) return;
    this.offsetMs = Math.abs(measured) > TOLERATED_MS ? measured : 0;
    this.clock.align(this.offsetMs);
    this.logger.warn({ msg: 'the clock of this machine is not the one of the database, which is followed', aheadMs: -measured });
  }

  private async serverNow(): Promise<number> {
    const [row] = await this.dataSource.query<{ now: string }[]>('SELECT (EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint AS now');
    return Number(row!.now);
  }
}
