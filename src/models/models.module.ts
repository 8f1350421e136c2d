import { Module } from '@nestjs/common';
import { AccessModule } from '../access/access.module.js';
import { AccountsModule } from '../accounts/accounts.module.js';
import { UpstreamModule } from '../upstream/upstream.module.js';
import { ModelCatalogue } from './model-catalogue.service.js';
import { ModelDirectory } from './model-directory.service.js';
import { ModelResolver } from './model-resolver.service.js';
import { ModelsController } from './models.controller.js';

@Module({
  imports: [AccessModule, AccountsModule, UpstreamModule],
  controllers: [ModelsController],
  providers: [ModelCatalogue, ModelResolver, ModelDirectory],
  exports: [ModelResolver, ModelCatalogue],
})
export class ModelsModule {}
