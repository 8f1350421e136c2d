import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { isMap, isScalar, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import type { Fault } from './config-error.js';
import type { Setting, Settings } from './setting.js';

/** The file that is read when none is named; it may be missing. */
export const DEFAULT_FILE = 'config.yaml';

const fileFault = (file: string, message: string): Settings => ({ settings: [], faults: [{ key: file, message }] });

/** Reads a configuration file. Its text is never repeated in a fault, since it holds secrets. */
export const fileSettings = (named: string | undefined): Settings => {
  const file = named ?? DEFAULT_FILE;
  try {
    return parseSettings(readFileSync(file, 'utf8'), file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' && named === undefined) return { settings: [], faults: [] };
    return fileFault(file, code === 'ENOENT' ? 'no such file' : `cannot be read (${code ?? 'unknown error'})`);
  }
};

/** @param file its name, for the places of faults */
export const parseSettings = (text: string, file: string): Settings => {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  if (document.errors.length > 0) {
    const faults = document.errors.map((error) => {
      const { line, col } = lines.linePos(error.pos[0]);
      return { key: file, message: `not valid YAML at line ${line}, column ${col} (${error.code.toLowerCase().replaceAll('_', ' ')})` };
    });
    return { settings: [], faults };
  }
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) return { settings: [], faults: [] };
  if (!isMap(document.contents)) return fileFault(file, 'must hold keys and values, one key a line');
  const lineOf = (offset: number | undefined): string => `${basename(file)}:${lines.linePos(offset ?? 0).line}`;
  return collect(document.contents, (node) => node.toJS(document), lineOf);
};

type Convert = (node: { toJS(document: unknown): unknown }) => unknown;

const collect = (map: YAMLMap, convert: Convert, lineOf: (offset?: number) => string): Settings => {
  const settings: Setting[] = [];
  const faults: Fault[] = [];
  const seen = new Map<string, string>();
  for (const { key: name, value } of map.items) {
    const key = isScalar(name) ? String(name.value) : 'a key that is not text';
    const where = lineOf(isScalar(name) ? name.range?.[0] : undefined);
    const before = seen.get(key);
    if (before) faults.push({ key, where, message: `written twice; first at ${before}` });
    seen.set(key, where);
    const plain: unknown = value === null ? null : convert(value as Parameters<Convert>[0]);
    settings.push({ key, value: plain, where });
  }
  return { settings, faults };
};
