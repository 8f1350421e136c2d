import { stringify } from 'yaml';
import { KEY_GROUPS, type KeyValues } from './config.js';
import { declaredKeys, type KeyDeclaration, statusOf } from './key-declaration.js';

const HEAD = `# Configuration of codex-proxy. Copy this file to config.yaml and change what you need: every key is optional, and the
# values here are the defaults. Keys that are commented out show an example, or change something by being there at all.
# Every key is also read from the environment (CODEX_PROXY_MAX_RETRY ...), which wins over the file.
# docs/CONFIGURATION.md explains more. Generated: change the declarations in src/config/keys, then run npm run docs:config.
`;

const WIDTH = 118;

const wrapped = (text: string): string => {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line].map((one) => `# ${one}`).join('\n');
};

const asYaml = (key: string, value: unknown): string =>
  stringify({ [key]: value }, { lineWidth: 0, singleQuote: true, defaultStringType: 'QUOTE_SINGLE', defaultKeyType: 'PLAIN' }).trimEnd();

const commentedOut = (yaml: string): string => yaml.replaceAll(/^/gm, '# ');

const section = (key: KeyDeclaration, fallback: unknown): string => {
  const yaml = asYaml(key.name, key.example ?? fallback);
  const active = key.example === undefined && !key.presenceMatters && statusOf(key) === 'implemented';
  const note = statusOf(key) === 'not-yet' ? ' (not available in this version)' : '';
  return `${wrapped(key.about + note)}\n${active ? yaml : commentedOut(yaml)}\n`;
};

/** The text of `config.example.yaml`. Keys without effect are left to the documentation. */
export const renderExample = (defaults: KeyValues): string => {
  const values = defaults as unknown as Record<string, unknown>;
  const groups = KEY_GROUPS.map((Group) => {
    const keys = declaredKeys(Group).filter((key) => ['implemented', 'not-yet'].includes(statusOf(key)));
    if (keys.length === 0) return '';
    return [`# ${`---- ${Group.title} `.padEnd(WIDTH, '-')}\n`, ...keys.map((key) => section(key, values[key.property]))].join('\n');
  });
  return [HEAD, ...groups.filter((text) => text !== '')].join('\n');
};
