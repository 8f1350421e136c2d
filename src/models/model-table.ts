/** The models that are known without a catalogue, and the effort suffixes each is listed with. */
const TABLE: Readonly<Record<string, readonly string[]>> = {
  'gpt-5': ['low', 'medium', 'high', 'auto'],
  'gpt-5-codex': ['low', 'medium', 'high', 'auto'],
  'gpt-5-codex-mini': ['low', 'medium', 'high', 'auto'],
  'gpt-5.1': ['low', 'medium', 'high', 'none', 'auto'],
  'gpt-5.1-codex': ['low', 'medium', 'high', 'max', 'auto'],
  'gpt-5.1-codex-mini': ['low', 'medium', 'high', 'auto'],
  'gpt-5.1-codex-max': ['low', 'medium', 'high', 'xhigh', 'auto'],
  'gpt-5.2': ['low', 'medium', 'high', 'xhigh', 'none', 'auto'],
  'gpt-5.2-codex': ['low', 'medium', 'high', 'xhigh', 'auto'],
  'gpt-5.3-codex': ['low', 'medium', 'high', 'xhigh', 'none', 'auto'],
  'gpt-5.4': ['low', 'medium', 'high', 'xhigh', 'none', 'auto'],
  'gpt-5.4-mini': ['low', 'medium', 'high', 'xhigh', 'none', 'auto'],
};

export const TABLE_BASES: readonly string[] = Object.keys(TABLE);

/** The effort levels of a base in the table; null for a name that is not a base. */
export const tableLevels = (base: string): readonly string[] | null =>
  Object.hasOwn(TABLE, base) ? TABLE[base]!.filter((level) => level !== 'auto') : null;

/** Every id of the table with the base it belongs to. `gpt-5.1-codex-max` is a base of its own, so 72 × 2 names are 142 ids. */
export const TABLE_IDS: ReadonlyMap<string, string> = new Map(
  TABLE_BASES.flatMap((base) =>
    ['', ...TABLE[base]!.map((level) => `-${level}`)].flatMap((suffix): [string, string][] => [
      [`${base}${suffix}`, base],
      [`${base}${suffix}-fast`, base],
    ]),
  ),
);
