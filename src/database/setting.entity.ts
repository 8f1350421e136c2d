import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Facts about this database as a whole, such as the fingerprint of the key its secrets are sealed with. */
@Entity('settings')
export class SettingEntity {
  @PrimaryColumn({ name: 'key', type: 'varchar', length: 64 })
  key!: string;

  @Column({ name: 'value', type: 'text' })
  value!: string;
}
