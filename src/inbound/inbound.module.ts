import { Global, Module } from '@nestjs/common';
import { DrainService } from './drain.service.js';
import { SseWriters } from './sse-writers.service.js';

@Global()
@Module({ providers: [DrainService, SseWriters], exports: [DrainService, SseWriters] })
export class InboundModule {}
