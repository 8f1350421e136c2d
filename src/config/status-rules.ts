import type { ValueCheck } from './key-declaration.js';

const STEPS = ['remove', 'disable', 'cooldown'] as const;
const PHASES = ['none', 'refresh_once', 'cooldown_then_retry'] as const;

/** What finally happens to an account. `remove`: to the trash (state `retired`), from which it can be restored. */
export type StatusStep = (typeof STEPS)[number];
/** What is tried before that. */
export type StatusPhase = (typeof PHASES)[number];

export interface StatusRule {
  readonly phase: StatusPhase;
  readonly final: StatusStep;
}

/** Key values: an action for 429, an action for a status, phase and final step for a status. */
export interface StatusKeys {
  readonly action429?: string;
  readonly actions?: Readonly<Record<string, unknown>>;
  readonly policy?: Readonly<Record<string, unknown>>;
}

const oneOf = (words: readonly string[]): string => `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
const isStep = (value: unknown): value is StatusStep => STEPS.includes(value as StatusStep);
const isErrorStatus = (text: string): boolean => /^[45]\d\d$/.test(text);
const NOT_A_STATUS = (member: string): string => `name statuses from 400 to 599, not "${member}"`;

export const stepFault: ValueCheck<string> = (value) => (value === '' || isStep(value) ? undefined : `be empty, ${oneOf(STEPS)}`);

/** `{ "403": "cooldown" }` */
export const actionsFault: ValueCheck<Record<string, unknown>> = (map) => {
  for (const [status, action] of Object.entries(map)) {
    if (!isErrorStatus(status)) return NOT_A_STATUS(status);
    if (!isStep(action)) return `give ${status} one of ${oneOf(STEPS)}`;
  }
  return undefined;
};

/** `{ "401": { "phase": "refresh_once", "final": "disable" } }` */
export const policyFault: ValueCheck<Record<string, unknown>> = (map) => {
  for (const [status, rule] of Object.entries(map)) {
    if (!isErrorStatus(status)) return NOT_A_STATUS(status);
    if (typeof rule !== 'object' || rule === null || Array.isArray(rule)) return `give ${status} a map with phase and final`;
    const fault = ruleFault(status, rule as Record<string, unknown>);
    if (fault) return fault;
  }
  return undefined;
};

function ruleFault(status: string, rule: Record<string, unknown>): string | undefined {
  const unknown = Object.keys(rule).find((member) => member !== 'phase' && member !== 'final');
  if (unknown !== undefined) return `give ${status} only phase and final; "${unknown}" is neither`;
  if (rule.phase !== undefined && !PHASES.includes(rule.phase as StatusPhase)) return `have as phase of ${status} one of ${oneOf(PHASES)}`;
  return isStep(rule.final) ? undefined : `have as final of ${status} one of ${oneOf(STEPS)}`;
}

/** Validated key values → rule of each status. A policy replaces an action, which replaces the action for 429. */
export function statusRules({ action429 = '', actions = {}, policy = {} }: StatusKeys): ReadonlyMap<number, StatusRule> {
  const rules = new Map<number, StatusRule>();
  if (isStep(action429)) rules.set(429, { phase: 'none', final: action429 });
  for (const [status, final] of Object.entries(actions)) rules.set(Number(status), { phase: 'none', final: final as StatusStep });
  for (const [status, rule] of Object.entries(policy)) rules.set(Number(status), { phase: 'none', ...(rule as { final: StatusStep }) });
  return rules;
}
