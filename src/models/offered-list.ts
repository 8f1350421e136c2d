import { hash } from 'node:crypto';
import type { OfferedModels } from '../accounts/pool/model-lists.js';
import { CatalogueEntry, readCatalogue } from './catalogue-entry.js';

/** One answer of the backend's models endpoint; `id` is the hash of its models. */
export interface OfferedList extends OfferedModels {
  readonly etag: string;
  readonly entries: readonly CatalogueEntry[];
  /** The answer as it came. */
  readonly body: string;
}

/** Null if it is nothing of the kind, or names no model. */
export function readList(body: string, etag: string): OfferedList | null {
  const entries = readCatalogue(body);
  if (!entries || entries.length === 0) return null;
  const id = hash('sha256', JSON.stringify(entries.map(({ raw }) => raw)));
  return { id, etag, entries, models: new Set(entries.map(({ slug }) => slug)), body };
}

/**
 * Each model once, in the order of the catalogue. Where lists differ the entry with the smaller context window counts: any of the
 * accounts may serve the request.
 */
export function joinLists(lists: Iterable<OfferedList>): CatalogueEntry[] {
  const bySlug = new Map<string, CatalogueEntry>();
  for (const { entries } of lists) {
    for (const entry of entries) {
      const known = bySlug.get(entry.slug);
      if (!known || isTighter(entry, known)) bySlug.set(entry.slug, entry);
    }
  }
  return [...bySlug.values()].sort((a, b) => a.priority - b.priority);
}

const isTighter = (entry: CatalogueEntry, than: CatalogueEntry): boolean =>
  entry.contextWindow > 0 && (than.contextWindow === 0 || entry.contextWindow < than.contextWindow);
