import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Config } from '../config/config.js';
import { SettingRepository } from '../database/setting.repository.js';
import { AccountCounterEntity, CounterWriterEntity } from './counters/account-counter.entity.js';
import { AccountCounterRepository } from './counters/account-counter.repository.js';
import { AccountCounters } from './counters/account-counters.service.js';
import { AccountChangeWriter } from './storage/account-change.writer.js';
import { AccountEffects } from './policy/account-effects.service.js';
import { AccountFileDisabler } from './files/account-file-disabler.js';
import { AccountFileImporter } from './files/account-file-importer.js';
import { AccountFileRegistry } from './files/account-file-registry.js';
import { AccountFileBackup } from './files/account-file-backup.js';
import { AccountFileWriter } from './files/account-file-writer.js';
import { AccountFileEntity } from './files/account-file.entity.js';
import { AccountFileRepository } from './files/account-file.repository.js';
import { AccountFilesService } from './files/account-files.service.js';
import { AccountLoader } from './account-loader.service.js';
import { AccountPool } from './pool/account-pool.service.js';
import { AccountEntity } from './storage/account.entity.js';
import { AccountRecheckRepository } from './storage/account-recheck.repository.js';
import { AccountRepository } from './storage/account.repository.js';
import { RefreshCandidateRepository } from './storage/refresh-candidate.repository.js';
import { AccountFollower } from './replication/account-follower.js';
import { AccountReplication } from './replication/account-replication.service.js';
import { CooldownFollower } from './replication/cooldown-follower.js';
import { AccountsService } from './accounts.service.js';
import { CiphertextOwnerEntity } from './storage/ciphertext-owner.entity.js';
import { CiphertextOwnerFinder } from './policy/ciphertext-owner.finder.js';
import { CiphertextOwnerLoader } from './policy/ciphertext-owner.loader.js';
import { CiphertextOwnerRepository } from './storage/ciphertext-owner.repository.js';
import { CooldownEntity } from './storage/cooldown.entity.js';
import { CooldownRepository } from './storage/cooldown.repository.js';
import { ModelRefusalEntity } from './storage/model-refusal.entity.js';
import { ModelRefusalFollower } from './replication/model-refusal.follower.js';
import { ModelRefusalRepository } from './storage/model-refusal.repository.js';
import { CredentialCipher } from './storage/credential-cipher.js';
import { openCipher } from './storage/credential-key.js';

@Module({
  imports: [
    TypeOrmModule.forFeature([
      AccountCounterEntity,
      AccountEntity,
      AccountFileEntity,
      CiphertextOwnerEntity,
      CooldownEntity,
      CounterWriterEntity,
      ModelRefusalEntity,
    ]),
  ],
  providers: [
    // Storage
    { provide: CredentialCipher, inject: [Config, SettingRepository], useFactory: openCipher },
    AccountRepository,
    AccountRecheckRepository,
    RefreshCandidateRepository,
    AccountFileRepository,
    CiphertextOwnerRepository,
    CooldownRepository,
    ModelRefusalRepository,
    AccountChangeWriter,
    AccountsService,
    // Counters
    AccountCounterRepository,
    AccountCounters,
    // Files
    AccountFileRegistry,
    AccountFileImporter,
    AccountFileWriter,
    AccountFileBackup,
    AccountFileDisabler,
    AccountFilesService,
    AccountLoader,
    // Other processes
    AccountFollower,
    CooldownFollower,
    ModelRefusalFollower,
    AccountReplication,
    // Pool
    AccountPool,
    AccountEffects,
    CiphertextOwnerFinder,
    CiphertextOwnerLoader,
  ],
  exports: [
    AccountCounters,
    AccountChangeWriter,
    AccountEffects,
    AccountFileDisabler,
    AccountFileRegistry,
    AccountFilesService,
    AccountLoader,
    AccountPool,
    AccountRepository,
    AccountRecheckRepository,
    RefreshCandidateRepository,
    AccountsService,
    CiphertextOwnerFinder,
    CiphertextOwnerRepository,
    CredentialCipher,
  ],
})
export class AccountsModule {}
