import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Config } from '../config/config.js';
import { SettingRepository } from '../database/setting.repository.js';
import { AccountChangeWriter } from './account-change.writer.js';
import { AccountEffects } from './account-effects.service.js';
import { AccountFileImporter } from './account-file-importer.js';
import { AccountFileRegistry } from './account-file-registry.js';
import { AccountFileWriter } from './account-file-writer.js';
import { AccountFileEntity } from './account-file.entity.js';
import { AccountFileRepository } from './account-file.repository.js';
import { AccountFilesService } from './account-files.service.js';
import { AccountLoader } from './account-loader.service.js';
import { AccountPool } from './account-pool.service.js';
import { AccountEntity } from './account.entity.js';
import { AccountRepository } from './account.repository.js';
import { AccountsService } from './accounts.service.js';
import { CiphertextOwnerEntity } from './ciphertext-owner.entity.js';
import { CiphertextOwnerFinder } from './ciphertext-owner.finder.js';
import { CiphertextOwnerLoader } from './ciphertext-owner.loader.js';
import { CiphertextOwnerRepository } from './ciphertext-owner.repository.js';
import { CooldownEntity } from './cooldown.entity.js';
import { CooldownRepository } from './cooldown.repository.js';
import { CredentialCipher } from './credential-cipher.js';
import { openCipher } from './credential-key.js';

@Module({
  imports: [TypeOrmModule.forFeature([AccountEntity, AccountFileEntity, CiphertextOwnerEntity, CooldownEntity])],
  providers: [
    // Storage
    { provide: CredentialCipher, inject: [Config, SettingRepository], useFactory: openCipher },
    AccountRepository,
    AccountFileRepository,
    CiphertextOwnerRepository,
    CooldownRepository,
    AccountChangeWriter,
    AccountsService,
    // Files
    AccountFileRegistry,
    AccountFileImporter,
    AccountFileWriter,
    AccountFilesService,
    AccountLoader,
    // Pool
    AccountPool,
    AccountEffects,
    CiphertextOwnerFinder,
    CiphertextOwnerLoader,
  ],
  exports: [
    AccountChangeWriter,
    AccountEffects,
    AccountFilesService,
    AccountLoader,
    AccountPool,
    AccountRepository,
    AccountsService,
    CiphertextOwnerFinder,
    CiphertextOwnerRepository,
    CredentialCipher,
  ],
})
export class AccountsModule {}
