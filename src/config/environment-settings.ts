import { readFileSync } from 'node:fs';
import type { Fault } from './config-error.js';
import { KEYS } from './config.js';
import { type KeyDeclaration, type KeyType, variableName } from './key-declaration.js';
import { nearest } from './nearest.js';
import type { Setting, Settings } from './setting.js';

const PREFIX = 'CODEX_PROXY_';
const FILE_SUFFIX = '_FILE';
/** Kubernetes gives these to every pod beside a service that is called `codex-proxy`. */
const SERVICE_LINK = /^CODEX_PROXY_(SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

const number = (text: string): unknown => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
const flag = (text: string): unknown => (/^(true|yes|on|1)$/i.test(text) ? true : /^(false|no|off|0)$/i.test(text) ? false : text);
const json = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};
/** Separators alone are no list: an empty one would open the service where its keys were left out by mistake. */
const list = (text: string): unknown => {
  if (text.trimStart().startsWith('[')) return json(text);
  const entries = text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  return entries.length > 0 ? entries : text;
};

/** Text of a variable → the key's type; text that does not fit stays as it is and is refused by validation. */
const COERCE: Readonly<Record<KeyType, (text: string) => unknown>> = {
  text: (text) => text,
  choice: (text) => text,
  integer: number,
  seconds: number,
  flag,
  list,
  map: json,
};

interface Variable {
  readonly key: KeyDeclaration;
  readonly fromFile: boolean;
}

const VARIABLES = new Map<string, Variable>(
  KEYS.flatMap((key) => {
    const name = variableName(key.name);
    const own: [string, Variable] = [name, { key, fromFile: false }];
    return key.secret ? [own, [name + FILE_SUFFIX, { key, fromFile: true }] satisfies [string, Variable]] : [own];
  }),
);

const unknownVariable = (name: string): Fault => ({
  key: name,
  message: 'unknown environment variable',
  nearest: nearest(
    name.slice(PREFIX.length),
    KEYS.map((key) => key.name),
  ),
});

/** A secret's file often ends with a line break that does not belong to it. */
const readSecret = (path: string): string => readFileSync(path, 'utf8').replace(/\r?\n$/, '');

const readVariable = (name: string, text: string, { key, fromFile }: Variable): Setting | Fault => {
  try {
    const value = fromFile ? readSecret(text) : text;
    // Somebody wanted a secret there; "none" is said by leaving the variable out.
    if (fromFile && value.trim() === '') return { key: key.name, where: name, message: 'the file is empty' };
    return { key: key.name, value: COERCE[key.type](value), where: name };
  } catch (error) {
    return { key: key.name, where: name, message: `the file cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})` };
  }
};

/** Reads the `CODEX_PROXY_*` variables. An empty one counts as not set, because compose files pass unset ones on as empty. */
export const environmentSettings = (env: NodeJS.ProcessEnv): Settings => {
  const settings: Setting[] = [];
  const faults: Fault[] = [];
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || SERVICE_LINK.test(name) || !text) continue;
    const variable = VARIABLES.get(name);
    if (!variable) {
      faults.push(unknownVariable(name));
      continue;
    }
    if (variable.fromFile && env[name.slice(0, -FILE_SUFFIX.length)]) {
      faults.push({
        key: variable.key.name,
        where: name,
        message: `${variableName(variable.key.name)} is set too; set only one of the two`,
      });
      continue;
    }
    const read = readVariable(name, text, variable);
    if ('message' in read) faults.push(read);
    else settings.push(read);
  }
  return { settings, faults };
};
