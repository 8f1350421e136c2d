import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Document, isMap, isScalar, LineCounter, parseDocument, type YAMLMap, type YAMLParseError } from 'yaml';
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
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) return { settings: [], faults: document.errors.map((error) => syntaxFault(error, text, file, lines)) };
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) return { settings: [], faults: [] };
  if (!isMap(contents)) return fileFault(file, 'must hold keys and values, one key a line');
  return collect(document, contents, (offset) => placeOf(file, lines, offset));
};

const placeOf = (file: string, lines: LineCounter, offset: number): string => `${basename(file)}:${lines.linePos(offset).line}`;

const syntaxFault = (error: YAMLParseError, text: string, file: string, lines: LineCounter): Fault => {
  const [offset] = error.pos;
  if (error.code === 'DUPLICATE_KEY') {
    const key = /^[^\s:]*/.exec(text.slice(offset))![0];
    return { key, where: placeOf(file, lines, offset), message: 'written twice' };
  }
  const { line, col } = lines.linePos(offset);
  return { key: file, message: `not valid YAML at line ${line}, column ${col} (${error.code.toLowerCase().replaceAll('_', ' ')})` };
};

const collect = (document: Document.Parsed, map: YAMLMap.Parsed, place: (offset: number) => string): Settings => {
  const settings: Setting[] = [];
  const faults: Fault[] = [];
  for (const { key: name, value } of map.items) {
    const where = place(name.range[0]);
    const key = isScalar(name) ? String(name.value) : 'a key that is not text';
    try {
      settings.push({ key, where, value: value === null ? null : (value.toJS(document) as unknown) });
    } catch {
      // The one thing that parses and yet has no value: `*name` refers to something that is nowhere defined.
      faults.push({ key, where, message: 'text that begins with * must be in quotes' });
    }
  }
  return { settings, faults };
};
