import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { defaultValues, KEYS } from './config.js';
import { parseSettings } from './file-settings.js';
import { statusOf, variableName } from './key-declaration.js';
import { configFrom } from './load-config.js';
import { renderExample } from './render-example.js';
import { renderReference } from './render-reference.js';

const committed = (path: string): string => readFileSync(resolve(import.meta.dirname, '../..', path), 'utf8');

describe('generated files', () => {
  it.each([
    ['config.example.yaml', renderExample],
    ['docs/CONFIGURATION.md', renderReference],
  ])('%s follows from the declarations (otherwise run: npm run docs:config)', (path, render) => {
    expect(committed(path)).toBe(render(defaultValues()));
  });
});

describe('config.example.yaml', () => {
  const { settings, faults } = parseSettings(renderExample(defaultValues()), 'config.example.yaml');

  it('changes nothing and warns of nothing when it is copied as it is', () => {
    const copied = configFrom(settings, faults);
    expect(copied.warnings).toEqual([]);
    expect({ ...copied.config }).toEqual({ ...configFrom([]).config });
  });

  it('shows every key that does something, now or later', () => {
    const text = renderExample(defaultValues());
    const shown = KEYS.filter((key) => new RegExp(`^(# )?${key.name}:`, 'm').test(text));
    expect(shown).toEqual(KEYS.filter((key) => ['implemented', 'not-yet'].includes(statusOf(key))));
  });

  it('shows examples that are valid', () => {
    const examples = KEYS.filter((key) => key.example !== undefined).map((key) => ({
      key: key.name,
      value: key.example,
      where: 'example',
    }));
    expect(() => configFrom(examples)).not.toThrow();
  });
});

describe('docs/CONFIGURATION.md', () => {
  it('has one row for every key, with its environment variable', () => {
    const rows = renderReference(defaultValues()).split('\n');
    for (const key of KEYS) {
      const own = rows.filter((row) => row.startsWith(`| \`${key.name}\` |`));
      expect(own).toEqual([expect.stringContaining(`\`${variableName(key.name)}\``)]);
    }
  });
});
