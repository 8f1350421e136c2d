import { KEY_GROUPS, type KeyValues } from './config.js';
import { declaredKeys, type KeyDeclaration, statusOf, variableName } from './key-declaration.js';

const HEAD = `# Configuration

<!-- Generated: change the declarations in src/config/keys, then run \`npm run docs:config\`. -->

The service reads \`config.yaml\` in the working directory, or the file that \`--config FILE\` (or \`-config FILE\`) names.
Without a file every key has its default. [\`config.example.yaml\`](../config.example.yaml) is a complete file to copy.

\`codex-proxy check-config\` reads the configuration as a start would, prints one line per fault (the key, what is wrong, the
nearest valid key) or \`configuration is valid\`, and ends with 1 or 0. A fault stops the start in the same words: a key that is
not known, a wrong type, a value out of range, an impossible combination.

## Environment

Every key is also read from an environment variable: \`CODEX_PROXY_\` and the key in capitals with underscores
(\`max-retry\` is \`CODEX_PROXY_MAX_RETRY\`). The environment wins over the file. An empty variable counts as not set; one that
begins with \`CODEX_PROXY_\` and belongs to no key is a fault, except those that Kubernetes sets for a service of that name.

* Lists are separated by commas, or written as JSON: \`CODEX_PROXY_API_KEYS=sk-one,sk-two\`.
* Maps are JSON: \`CODEX_PROXY_MODEL_ALIASES={"my-model":"gpt-5.4"}\`.
* Switches are \`true\` or \`false\` (also \`yes\`, \`no\`, \`on\`, \`off\`, \`1\`, \`0\`).
* Secrets (marked below) may lie in a file: \`CODEX_PROXY_ENCRYPTION_KEY_FILE=/run/secrets/key\`. In such a file a list has one
  entry a line.

Durations are numbers of seconds, and fractions are allowed. Paths are relative to the working directory.

## Which address is called

\`base-url\` is the Codex root as a whole and always wins; its host then also counts as \`backend-domain\`. Without it the root is
\`https://<backend-domain>/backend-api/codex\`. A \`base-url\` without a scheme gets \`https\`, and a slash at its end is dropped.
\`usage-url\`, when empty, is \`…/backend-api/wham/usage\` for a root under \`/backend-api\`, and \`…/api/codex/usage\` elsewhere.

## GOAWAY … ENHANCE_YOUR_CALM

When the log shows \`http2: server sent GOAWAY … ENHANCE_YOUR_CALM\`, lower \`max-conns-per-host\` and
\`max-idle-conns-per-host\`, or keep \`enable-http2: false\`.

## Database

\`db-enabled: false\` keeps everything in the SQLite file \`db-path\`. With \`db-enabled: true\`, \`db-driver\` is \`postgres\`
(also \`pg\`, \`postgresql\`) or \`sqlite\` (also \`sqlite3\`). Postgres needs an \`encryption-key\`, the same for every replica.
\`mysql\` and \`mariadb\` are refused: replicas need row leases and change notices that only Postgres gives.
`;

const TAIL_INTRO: Readonly<Record<'not-yet' | 'no-effect' | 'refused', string>> = {
  'not-yet': `## Not available in this version

Known and reserved. The default and the switched-off value are accepted with a warning; any other value stops the start.`,
  'no-effect': `## Without effect

Accepted with a warning, so that a file which was written for another gateway starts here.`,
  refused: `## Refused

Accepted with a warning while off; any other value stops the start.`,
};

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('*', '\\*');

const defaultCell = (value: unknown): string => {
  if (value === '') return 'empty';
  if (Array.isArray(value) && value.length === 0) return 'empty';
  if (typeof value === 'object' && Object.keys(value ?? {}).length === 0) return 'empty';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
};

const allowed = (key: KeyDeclaration): string => {
  if (key.choices) return key.choices.join(', ');
  const unit = key.type === 'seconds' ? ' s' : '';
  if (key.min === undefined || key.max === undefined)
    return { flag: 'true, false', list: 'list', map: 'map' }[key.type as string] ?? 'text';
  return `${key.min} – ${key.max}${unit}`;
};

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

const meaning = (key: KeyDeclaration): string =>
  [
    cell(key.about),
    key.secret ? 'Secret: also `…_FILE`.' : '',
    key.presenceMatters ? 'Writing it changes something, even with the default value.' : '',
  ]
    .filter((part) => part !== '')
    .join(' ');

const table = (keys: readonly KeyDeclaration[], values: Record<string, unknown>): string =>
  [
    row(['Key', 'Default', 'Values', 'Environment', 'Meaning']),
    row(['---', '---', '---', '---', '---']),
    ...keys.map((key) =>
      row([`\`${key.name}\``, defaultCell(values[key.property]), allowed(key), `\`${variableName(key.name)}\``, meaning(key)]),
    ),
  ].join('\n');

const reasons = (keys: readonly KeyDeclaration[], values: Record<string, unknown>): string =>
  [
    row(['Key', 'Default', 'Environment', 'What it is for', 'Why']),
    row(['---', '---', '---', '---', '---']),
    ...keys.map((key) => {
      const why = cell(key.noEffect ?? key.refused ?? '');
      return row([`\`${key.name}\``, defaultCell(values[key.property]), `\`${variableName(key.name)}\``, cell(key.about), why]);
    }),
  ].join('\n');

/** The text of `docs/CONFIGURATION.md`. */
export const renderReference = (defaults: KeyValues): string => {
  const values = defaults as unknown as Record<string, unknown>;
  const all = KEY_GROUPS.flatMap((Group) => declaredKeys(Group));
  const groups = KEY_GROUPS.flatMap((Group) => {
    const keys = declaredKeys(Group).filter((key) => statusOf(key) === 'implemented');
    return keys.length > 0 ? [`## ${Group.title}\n\n${table(keys, values)}\n`] : [];
  });
  const tail = (['not-yet', 'no-effect', 'refused'] as const).flatMap((status) => {
    const keys = all.filter((key) => statusOf(key) === status);
    if (keys.length === 0) return [];
    return [`${TAIL_INTRO[status]}\n\n${status === 'not-yet' ? table(keys, values) : reasons(keys, values)}\n`];
  });
  return [HEAD, ...groups, ...tail].join('\n');
};
