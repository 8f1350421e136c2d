import { Injectable } from '@nestjs/common';
import type { SchemaRule } from './tool-schema/schema-rule.js';

/** What was repaired in the schema of one tool (the client's name of it). */
export interface ToolRepair {
  readonly tool: string;
  readonly rules: readonly SchemaRule[];
}

@Injectable()
export class SchemaRepairs {
  note(_repairs: readonly ToolRepair[]): void {
    throw new Error('in the making');
  }
}
