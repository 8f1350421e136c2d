import { Injectable, Logger } from '@nestjs/common';
import type { SchemaRule } from './tool-schema/schema-rule.js';

/** What was repaired in the schema of one tool (the client's name of it). */
export interface ToolRepair {
  readonly tool: string;
  readonly rules: readonly SchemaRule[];
}

/** How often a tool's schema needed a rule. */
export interface SchemaRepairCount {
  readonly rule: SchemaRule;
  readonly tool: string;
  readonly count: number;
}

/** Tool names are the clients' choice: beyond so many pairs of rule and tool, a rule's further tools are counted as one. */
const MAX_PAIRS = 1000;
const MAX_NAME_LENGTH = 128;
const OTHERS = '(others)';

/** Counts what was repaired, so that an operator can tell whose tools are broken. Each pair of rule and tool is logged once. */
@Injectable()
export class SchemaRepairs {
  private readonly logger = new Logger(SchemaRepairs.name);
  readonly #counts = new Map<string, { rule: SchemaRule; tool: string; count: number }>();

  note(repairs: readonly ToolRepair[]): void {
    for (const { tool, rules } of repairs) for (const rule of rules) this.#add(rule, tool.slice(0, MAX_NAME_LENGTH));
  }

  /** Since the start of the process, in the order in which the pairs were first seen. */
  counts(): SchemaRepairCount[] {
    return [...this.#counts.values()].map((entry) => ({ ...entry }));
  }

  #add(rule: SchemaRule, tool: string): void {
    const key = `${rule} ${tool}`;
    const known = this.#counts.get(key);
    if (known) {
      known.count++;
    } else if (this.#counts.size < MAX_PAIRS || tool === OTHERS) {
      this.#counts.set(key, { rule, tool, count: 1 });
      this.logger.log({ msg: 'tool schema repaired', tool, rule });
    } else {
      this.#add(rule, OTHERS);
    }
  }
}
