import { Module } from '@nestjs/common';
import { AccessModule } from '../../access/access.module.js';
import { ExecutorModule } from '../../executor/executor.module.js';
import { ModelsModule } from '../../models/models.module.js';
import { CompactController } from './compact.controller.js';
import { ResponsesController } from './responses.controller.js';

@Module({
  imports: [AccessModule, ExecutorModule, ModelsModule],
  controllers: [ResponsesController, CompactController],
})
export class ResponsesModule {}
