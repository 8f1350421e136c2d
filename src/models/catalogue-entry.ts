/** What the service reads of one model of the backend's catalogue; `raw` is the whole entry, for clients that want it. */
export interface CatalogueEntry {
  readonly slug: string;
  readonly displayName: string;
  /** Effort levels; null where the entry does not name them. */
  readonly levels: readonly string[] | null;
  /** Whether pickers show it. */
  readonly listed: boolean;
  /** Lower comes first. */
  readonly priority: number;
  readonly supportsVerbosity: boolean;
  readonly supportsSummary: boolean;
  /** 0: unknown. */
  readonly contextWindow: number;
  readonly raw: Readonly<Record<string, unknown>>;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

function readEntry(raw: unknown): CatalogueEntry | null {
  if (!isObject(raw) || typeof raw.slug !== 'string' || raw.slug === '') return null;
  const given: unknown = raw.supported_reasoning_levels;
  const levels = Array.isArray(given)
    ? (given as unknown[])
        .map((level) => (isObject(level) ? level.effort : level))
        .filter((level): level is string => typeof level === 'string')
    : [];
  return {
    slug: raw.slug,
    displayName: typeof raw.display_name === 'string' ? raw.display_name : raw.slug,
    levels: levels.length > 0 ? levels : null,
    listed: raw.visibility !== 'hide' && raw.visibility !== 'none',
    priority: typeof raw.priority === 'number' ? raw.priority : Number.MAX_SAFE_INTEGER,
    supportsVerbosity: raw.support_verbosity !== false,
    supportsSummary: raw.supports_reasoning_summary_parameter !== false,
    contextWindow: typeof raw.context_window === 'number' ? raw.context_window : 0,
    raw,
  };
}

/** The body of the backend's models endpoint: `{"models":[…]}`. Null if it is nothing of the kind. */
export function readCatalogue(body: string): CatalogueEntry[] | null {
  try {
    const parsed: unknown = JSON.parse(body);
    if (!isObject(parsed) || !Array.isArray(parsed.models)) return null;
    return (parsed.models as unknown[]).map(readEntry).filter((entry) => entry !== null);
  } catch {
    return null;
  }
}
