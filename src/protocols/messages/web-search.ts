import type { JsonObject } from '../../upstream/upstream-event.js';
import { isObject } from '../shared/json-body.js';

export interface SearchCount {
  readonly web_search_requests: number;
  readonly web_fetch_requests: number;
}

/** One search of the backend's, as its two blocks need it. */
export interface WebSearch {
  readonly query: string;
  /** Results, or why there are none. */
  readonly content: JsonObject | readonly JsonObject[];
}

export type SearchAction = 'search' | 'open_page' | 'find_in_page' | '';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const actionOf = (item: JsonObject): JsonObject => (isObject(item.action) ? item.action : {});

/** An action that names no type but a query is a search. */
export function searchAction(item: JsonObject): SearchAction {
  const action = actionOf(item);
  return (text(action.type) || (queryOf(action) === '' ? '' : 'search')) as SearchAction;
}

/** A `web_search_call` that searched, or failed to; null for one that only read a page, or of which nothing is known. */
export function readWebSearch(item: JsonObject): WebSearch | null {
  const action = actionOf(item);
  const failed = item.status === 'failed';
  if (searchAction(item) !== 'search' && !(failed && action.type === undefined)) return null;
  return { query: queryOf(action), content: failed ? UNAVAILABLE : resultsOf(action) };
}

const UNAVAILABLE = { type: 'web_search_tool_result_error', error_code: 'unavailable' };

function queryOf({ query, queries }: JsonObject): string {
  if (typeof query === 'string' && query !== '') return query;
  return Array.isArray(queries) ? queries.filter((one) => typeof one === 'string').join('; ') : '';
}

function resultsOf({ sources }: JsonObject): JsonObject[] {
  const found = Array.isArray(sources) ? sources.filter(isObject).filter(({ url }) => typeof url === 'string') : [];
  return found.map(({ url, title }) => ({
    type: 'web_search_result',
    url,
    title: text(title) || url,
    encrypted_content: '',
    page_age: null,
  }));
}

/** A `url_citation` as a citation of this dialect; null for other annotations. What the page says there is not known. */
export function citationOf({ type, url, title }: JsonObject): JsonObject | null {
  if (type !== 'url_citation' || typeof url !== 'string') return null;
  return { type: 'web_search_result_location', url, title: text(title) || null, cited_text: '', encrypted_index: '' };
}
