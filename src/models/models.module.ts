import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AccessModule } from '../access/access.module.js';
import { AccountsModule } from '../accounts/accounts.module.js';
import { UpstreamModule } from '../upstream/upstream.module.js';
import { CatalogueClient } from './catalogue.client.js';
import { ModelCatalogue } from './model-catalogue.service.js';
import { ModelDirectory } from './model-directory.service.js';
import { ModelListEntity, ModelListHolderEntity } from './model-list.entity.js';
import { ModelListRepository } from './model-list.repository.js';
import { ModelListStore } from './model-list.store.js';
import { ModelResolver } from './model-resolver.service.js';
import { ModelsController } from './models.controller.js';

@Module({
  imports: [TypeOrmModule.forFeature([ModelListEntity, ModelListHolderEntity]), AccessModule, AccountsModule, UpstreamModule],
  controllers: [ModelsController],
  providers: [CatalogueClient, ModelListRepository, ModelListStore, ModelCatalogue, ModelResolver, ModelDirectory],
  exports: [ModelResolver, ModelCatalogue],
})
export class ModelsModule {}
