import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/access.module.js';
import { ExecutorModule } from '../../executor/executor.module.js';
import { ModelsModule } from '../../models/models.module.js';
import { TokenCountModule } from '../shared/token-count/token-count.module.js';
import { CompactController } from './compact.controller.js';
import { InputTokensController } from './input-tokens.controller.js';
import { ResponsesController } from './responses.controller.js';

@Module({
  imports: [AccessModule, ExecutorModule, ModelsModule, TokenCountModule],
  controllers: [ResponsesController, CompactController, InputTokensController],
})
export class ResponsesModule {}
