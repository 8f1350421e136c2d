import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/access.module.js';
import { ExecutorModule } from '../../executor/executor.module.js';
import { ModelsModule } from '../../models/models.module.js';
import { SchemaRepairsModule } from '../shared/schema-repairs.module.js';
import { TokenCountModule } from '../shared/token-count/token-count.module.js';
import { CountTokensController } from './count-tokens.controller.js';
import { MessagesController } from './messages.controller.js';

@Module({
  imports: [AccessModule, ExecutorModule, ModelsModule, SchemaRepairsModule, TokenCountModule],
  controllers: [MessagesController, CountTokensController],
})
export class MessagesModule {}
