import { validateSync } from 'class-validator';
import { judge } from './availability.js';
import { doubtfulCombinations, impossibleCombinations } from './combinations.js';
import { ConfigError, type Fault } from './config-error.js';
import { Config, defaultValues, KEY_GROUPS, KEYS, type KeyValues } from './config.js';
import { environmentSettings } from './environment-settings.js';
import { fileSettings } from './file-settings.js';
import { declaredKeys, type KeyDeclaration } from './key-declaration.js';
import { nearest } from './nearest.js';
import type { Setting } from './setting.js';

export interface LoadedConfig {
  readonly config: Config;
  /** One line each, without secrets. */
  readonly warnings: readonly string[];
}

export interface ConfigSources {
  /** A file that must exist; without it `config.yaml` is read if there is one. */
  readonly file?: string;
  readonly env: NodeJS.ProcessEnv;
}

const NAMES = KEYS.map((key) => key.name);
const BY_NAME = new Map<string, KeyDeclaration>(KEYS.map((key) => [key.name, key]));

interface Sifted {
  readonly used: ReadonlyMap<string, Setting>;
  readonly faults: readonly Fault[];
  readonly warnings: readonly string[];
}

/** Keeps the settings that count in this version; later ones replace earlier ones. */
const sift = (settings: readonly Setting[], defaults: KeyValues): Sifted => {
  const used = new Map<string, Setting>();
  const faults: Fault[] = [];
  const warnings: string[] = [];
  const notYet: string[] = [];
  for (const setting of new Map(settings.map((one) => [one.key, one])).values()) {
    const key = BY_NAME.get(setting.key);
    if (!key) {
      faults.push({ key: setting.key, where: setting.where, message: 'unknown key', nearest: nearest(setting.key, NAMES) });
      continue;
    }
    // `key:` without a value is a key that is not set.
    if (setting.value === null || setting.value === undefined) continue;
    const verdict = judge(key, setting, (defaults as unknown as Record<string, unknown>)[key.property]);
    if (verdict.use) used.set(key.name, setting);
    else if ('fault' in verdict) faults.push(verdict.fault);
    else warnings.push(verdict.warning);
    if (verdict.use && verdict.notYet) notYet.push(key.name);
  }
  if (notYet.length > 0) warnings.push(`accepted, but without effect in this version: ${notYet.join(', ')}`);
  return { used, faults, warnings };
};

/** class-validator works on one group at a time, because the rules are declared on the group's class. */
const invalidValues = (values: KeyValues, used: ReadonlyMap<string, Setting>): Fault[] =>
  KEY_GROUPS.flatMap((Group) => {
    const keys = declaredKeys(Group);
    const group = new Group() as object;
    const all = values as unknown as Record<string, unknown>;
    for (const { property } of keys) (group as Record<string, unknown>)[property] = all[property];
    return validateSync(group, { stopAtFirstError: true }).map((error) => {
      const { name } = keys.find(({ property }) => property === error.property)!;
      return { key: name, where: used.get(name)?.where, message: Object.values(error.constraints ?? {})[0] ?? 'is not valid' };
    });
  });

/** Builds a configuration from settings of any source. @throws ConfigError with every fault */
export const configFrom = (settings: readonly Setting[], sourceFaults: readonly Fault[] = []): LoadedConfig => {
  const values = defaultValues();
  const { used, faults, warnings } = sift(settings, values);
  for (const { key, value } of used.values()) Object.assign(values, { [BY_NAME.get(key)!.property]: value });
  const written = new Set(used.keys());

  const invalid = invalidValues(values, used);
  const wrong = new Set([...sourceFaults, ...faults, ...invalid].map(({ key }) => key));
  const all = [...sourceFaults, ...faults, ...invalid, ...impossibleCombinations(values, written, wrong)];
  if (all.length > 0) throw new ConfigError(all);
  return { config: new Config(values, written), warnings: [...warnings, ...doubtfulCombinations(values, written)] };
};

/** Reads the file and the environment, which wins. @throws ConfigError with every fault of both */
export const loadConfig = ({ file, env }: ConfigSources): LoadedConfig => {
  const fromFile = fileSettings(file);
  const fromEnvironment = environmentSettings(env);
  return configFrom([...fromFile.settings, ...fromEnvironment.settings], [...fromFile.faults, ...fromEnvironment.faults]);
};
