import { DELIVERY_PARAMS, deliver } from './delivery.js';
import { Scenario, ScenarioContext } from './scenario.js';
import { Params, ScenarioSpec, parseScenario } from './scenario-spec.js';
import { ERROR_SCENARIOS } from './scenarios/errors.js';
import { HOSTED_SCENARIOS } from './scenarios/hosted.js';
import { SILENCE_SCENARIOS } from './scenarios/silence.js';
import { TEXT_SCENARIOS } from './scenarios/text.js';
import { TOOL_SCENARIOS } from './scenarios/tools.js';
import { Step, reply, wait } from './step.js';

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  ...TEXT_SCENARIOS,
  ...TOOL_SCENARIOS,
  ...HOSTED_SCENARIOS,
  ...ERROR_SCENARIOS,
  ...SILENCE_SCENARIOS,
};

/** Short names for a scenario with parameters; parameters that are given win over these. */
const ALIASES: Readonly<Record<string, string>> = {
  paced: 'long,n=20,delay=50',
  slow: 'text,first=2000',
  cut: 'text,cut=3',
  reset: 'text,reset=3',
  stall: 'text,hang=3',
  fail: 'text,fail=3',
  overload: 'text,fail=0',
  'stream-error': 'text,fail=0,code=server_error',
  'usage-limit-in-stream': 'text,fail=0,code=usage_limit_reached',
  'json-in-stream': 'text,fail=0,form=json',
  malformed: 'text,malformed=3',
  crlf: 'text,framing=crlf',
  'data-only': 'text,framing=data-only',
  duplicate: 'text,duplicate=yes',
  filled: 'text,output=filled',
  'args-in-done': 'tool,deltas=drop',
};

const OWN_PARAMS = [
  'text',
  'summary',
  'parts',
  'n',
  'size',
  'reason',
  'rounds',
  'name',
  'args',
  'input',
  'bytes',
  'partials',
  'code',
  'message',
  'form',
  'param',
  'model',
  'resets',
  'show',
  'family',
  'window',
  'reached',
  'after',
  'body',
  'times',
];
const KNOWN_PARAMS = new Set([...DELIVERY_PARAMS, ...OWN_PARAMS]);

export const scenarioNames = (): string[] => [...Object.keys(SCENARIOS), ...Object.keys(ALIASES)];

/** Reads a scenario and its aliases; throws on a name or parameter that does not exist. */
export function resolveScenario(source: string): ScenarioSpec {
  const spec = parseScenario(source);
  const unknown = spec.params.names.find((name) => !KNOWN_PARAMS.has(name));
  if (unknown) throw new Error(`sandbox: scenario parameter "${unknown}" does not exist`);
  const alias = ALIASES[spec.name];
  if (!alias && !SCENARIOS[spec.name]) throw new Error(`sandbox: scenario "${spec.name}" does not exist`);
  if (!alias) return spec;
  const base = parseScenario(alias);
  return { name: base.name, params: spec.params.over(base.params), source };
}

/** Whether the scenario is an answer of its own on any endpoint, rather than the content of a turn. */
export const isFault = (spec: ScenarioSpec): boolean => SCENARIOS[spec.name]!.kind !== 'content';

export function scenarioSteps(spec: ScenarioSpec, context: ScenarioContext): Iterable<Step> {
  const scenario = SCENARIOS[spec.name]!;
  switch (scenario.kind) {
    case 'content':
      return deliver(scenario.run, context);
    case 'reply':
      return delayed(spec.params, [reply(scenario.run(context))]);
    case 'steps':
      return delayed(spec.params, scenario.run(context));
  }
}

function* delayed(params: Params, steps: Iterable<Step>): Generator<Step, void, void> {
  const headMs = params.number('head', 0);
  if (headMs > 0) yield wait(headMs);
  yield* steps;
}
