import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsString,
  Max,
  Min,
  ValidateBy,
  type ValidationOptions,
} from 'class-validator';
import { type KeyDeclaration, type KeyOptions, type KeyType, register, type ValueCheck } from './key-declaration.js';
import { nearest } from './nearest.js';

type Range = { readonly min?: number; readonly max?: number };
type Checked<T> = { readonly check?: ValueCheck<T> };

/** Words for a wrong value. A secret is described by its type alone. */
const shown = (value: unknown, secret = false): string => {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  if (secret) return typeof value === 'string' ? 'this text' : `a ${typeof value}`;
  return JSON.stringify(value);
};

const because = (options: KeyOptions, must: string): ValidationOptions => ({
  message: ({ value }) => `must be ${must}, not ${shown(value, options.secret)}`,
});

const checkedBy = <T>(check: ValueCheck<T>): PropertyDecorator =>
  ValidateBy({
    name: 'check',
    validator: {
      validate: (value: T) => check(value) === undefined,
      defaultMessage: (args) => `must ${check(args!.value as T)}`,
    },
  });

/** The type is validated before the finer rules, because validation stops at the first broken rule of a key. */
const key =
  (
    name: string,
    type: KeyType,
    options: KeyOptions,
    validators: readonly PropertyDecorator[],
    limits: Pick<KeyDeclaration, 'min' | 'max' | 'choices'> = {},
  ): PropertyDecorator =>
  (target, property) => {
    register(target, { ...options, ...limits, name, property: property as string, type });
    for (const validator of validators) validator(target, property);
  };

const rangeValidators = (range: Range): PropertyDecorator[] => [
  ...(range.min === undefined ? [] : [Min(range.min, { message: `must be at least ${range.min}` })]),
  ...(range.max === undefined ? [] : [Max(range.max, { message: `must be at most ${range.max}` })]),
];

export const Integer = (name: string, options: KeyOptions & Range): PropertyDecorator =>
  key(name, 'integer', options, [IsInt(because(options, 'a whole number')), ...rangeValidators(options)], options);

/** A duration; fractions are allowed. */
export const Seconds = (name: string, options: KeyOptions & Range): PropertyDecorator =>
  key(name, 'seconds', options, [IsNumber({}, because(options, 'a number of seconds')), ...rangeValidators(options)], options);

export const Flag = (name: string, options: KeyOptions): PropertyDecorator =>
  key(name, 'flag', options, [IsBoolean(because(options, 'true or false'))]);

export const Text = (name: string, options: KeyOptions & Checked<string>): PropertyDecorator => {
  const isText: ValidationOptions = {
    message: ({ value }) =>
      typeof value === 'object'
        ? `must be text, not ${shown(value)}`
        : `must be text: write it in quotes${options.secret ? '' : `, '${value}'`}`,
  };
  return key(name, 'text', options, [IsString(isText), ...(options.check ? [checkedBy(options.check)] : [])]);
};

export const Choice = (name: string, choices: readonly string[], options: KeyOptions): PropertyDecorator => {
  const message: ValidationOptions['message'] = ({ value }) => {
    const close = typeof value === 'string' ? nearest(value, choices) : undefined;
    return `must be one of ${choices.join(', ')}, not ${shown(value)}${close ? `; did you mean ${close}?` : ''}`;
  };
  return key(name, 'choice', options, [IsIn(choices, { message })], { choices });
};

const entriesAreTexts: ValueCheck<readonly unknown[]> = (list) => {
  const wrong = list.findIndex((entry) => typeof entry !== 'string' || entry.trim() === '');
  return wrong === -1 ? undefined : `hold texts in quotes that are not empty; entry ${wrong + 1} is none`;
};

export const TextList = (name: string, options: KeyOptions): PropertyDecorator =>
  key(name, 'list', options, [IsArray(because(options, 'a list')), checkedBy(entriesAreTexts)]);

export const ValueMap = (name: string, options: KeyOptions & Checked<Record<string, unknown>>): PropertyDecorator =>
  key(name, 'map', options, [IsObject(because(options, 'a map')), ...(options.check ? [checkedBy(options.check)] : [])]);
