import type { CatalogueEntry } from './catalogue-entry.js';

export type AliasMap = Readonly<Record<string, string | readonly string[]>>;

interface Glob {
  readonly pattern: RegExp;
  readonly targets: readonly string[];
}

/** The default for names of another vendor's families. A newer flagship of the catalogue goes before its last entry. */
const FLAGSHIP_PATTERN = 'claude-*';
const FLAGSHIP_FALLBACK = 'gpt-5.4';
const FLAGSHIP_SINCE = [5, 4] as const;
/** Current public names of those families, listed for clients that only offer what they discover. */
const DISCOVERED = ['claude-opus-5-5', 'claude-haiku-5-5', 'claude-opus-4-5', 'claude-sonnet-4-5', 'claude-haiku-4-5'];

const globPattern = (glob: string): RegExp =>
  new RegExp(`^${glob.replace(/[.*+?^${}()|[\]\\]/g, (c) => (c === '*' ? '.*' : `\\${c}`))}$`, 'i');

const version = (slug: string): readonly [number, number] | null => {
  const found = /^gpt-(\d+)(?:\.(\d+))?(?:-(?!.*(?:mini|nano|luna|spark|codex))|$)/.exec(slug);
  return found && [Number(found[1]), Number(found[2] ?? 0)];
};

const newer = (a: readonly [number, number], b: readonly [number, number]): number => b[0] - a[0] || b[1] - a[1];

/** The big models of a catalogue that are newer than the built-in default, newest first, then in the catalogue's own order. */
export const flagships = (catalogue: readonly CatalogueEntry[]): string[] =>
  catalogue
    .map((entry) => ({ entry, version: version(entry.slug) }))
    .filter((c): c is { entry: CatalogueEntry; version: readonly [number, number] } => c.entry.listed && c.version !== null)
    .filter((c) => newer(c.version, FLAGSHIP_SINCE) < 0)
    .sort((a, b) => newer(a.version, b.version) || a.entry.priority - b.entry.priority)
    .map((c) => c.entry.slug);

/** Names that stand for other names: exact ones and globs (`*`), in the order in which they are written. */
export class ModelAliases {
  readonly #exact = new Map<string, readonly string[]>();
  readonly #globs: Glob[] = [];
  /** Exact names as they are written. */
  readonly #names: string[] = [];

  constructor(aliases: AliasMap) {
    for (const [name, target] of Object.entries(aliases)) {
      const targets = typeof target === 'string' ? [target] : target;
      if (name.includes('*')) this.#globs.push({ pattern: globPattern(name), targets: this.#withFlagship(name, targets) });
      else {
        this.#exact.set(name.toLowerCase(), targets);
        this.#names.push(name);
      }
    }
  }

  /** The default target stands for itself and for whatever newer flagship there is. */
  #withFlagship(name: string, targets: readonly string[]): readonly string[] {
    return name === FLAGSHIP_PATTERN && targets.length === 1 && targets[0] === FLAGSHIP_FALLBACK ? [NEWEST_FLAGSHIP, ...targets] : targets;
  }

  exact(name: string): readonly string[] | null {
    return this.#exact.get(name.toLowerCase()) ?? null;
  }

  glob(name: string): readonly string[] | null {
    return this.#globs.find(({ pattern }) => pattern.test(name))?.targets ?? null;
  }

  /** Names for the model list. */
  listed(): string[] {
    return [...this.#names, ...DISCOVERED.filter((name) => !this.#exact.has(name) && this.glob(name) !== null)];
  }
}

/** Stands in a target list for the flagships of the catalogue. */
export const NEWEST_FLAGSHIP = '<newest flagship>';
