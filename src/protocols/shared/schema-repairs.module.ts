import { Module } from '@nestjs/common';
import { SchemaRepairs } from './schema-repairs.service.js';

/** One count for all dialects that repair schemas. */
@Module({ providers: [SchemaRepairs], exports: [SchemaRepairs] })
export class SchemaRepairsModule {}
