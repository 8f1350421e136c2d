import { Injectable } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { SettingEntity } from './setting.entity.js';

@Injectable()
export class SettingRepository {
  constructor(private readonly dataSource: DataSource) {}

  async find(key: string): Promise<string | null> {
    const row = await this.dataSource.getRepository(SettingEntity).findOneBy({ key });
    return row?.value ?? null;
  }

  /** Stores `value` unless somebody was first; returns what stands there now, so that racing processes agree. */
  async putIfAbsent(key: string, value: string): Promise<string> {
    await this.dataSource.createQueryBuilder().insert().into(SettingEntity).values({ key, value }).orIgnore().execute();
    return (await this.find(key)) ?? value;
  }
}
