import { isDeepStrictEqual } from 'node:util';
import type { Fault } from './config-error.js';
import { type KeyDeclaration, statusOf } from './key-declaration.js';
import type { Setting } from './setting.js';

export type Verdict =
  | { readonly use: true; readonly notYet?: boolean }
  | { readonly use: false; readonly warning: string }
  | { readonly use: false; readonly fault: Fault };

const isOff = (value: unknown): boolean =>
  value === false || value === 0 || value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);

/**
 * Whether a written key counts in this version. Values of keys without effect are not even validated: a file that was
 * written for another gateway shall start here.
 */
export const judge = (key: KeyDeclaration, setting: Setting, fallback: unknown): Verdict => {
  const harmless = isOff(setting.value) || isDeepStrictEqual(setting.value, fallback);
  const fault = (message: string): Verdict => ({ use: false, fault: { key: key.name, where: setting.where, message } });
  switch (statusOf(key)) {
    case 'implemented':
      return { use: true };
    case 'no-effect':
      return { use: false, warning: `${key.name} has no effect: ${key.noEffect}` };
    case 'refused':
      return harmless ? { use: false, warning: `${key.name} is off, as it always is: ${key.refused}` } : fault(`refused: ${key.refused}`);
    case 'not-yet':
      return harmless ? { use: true, notYet: true } : fault('not available in this version; leave it out');
  }
};
