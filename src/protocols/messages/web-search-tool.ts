import type { JsonObject } from '../../upstream/upstream-event.js';
import { withoutNulls } from '../shared/content-parts.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { listIn, objectIn, requiredString } from './request-readers.js';

function domainsIn(given: unknown, path: string): string[] {
  return (listIn(given, path) ?? []).map((domain, i) => requiredString(domain, `${path}.${i}`));
}

const LOCATION = new Set(['type', 'city', 'region', 'country', 'timezone']);

function locationIn(given: unknown, path: string): JsonObject | undefined {
  const location = objectIn(given, path);
  if (!location) return undefined;
  const known = Object.fromEntries(Object.entries(withoutNulls(location)).filter(([name]) => LOCATION.has(name)));
  return { ...known, type: 'approximate' };
}

/** The vendor's web search tool as the backend's. It knows only domains that are allowed; blocked ones are told in a sentence. */
export function webSearchTool(tool: JsonObject, at: string, ignored: IgnoredFields): { hosted: JsonObject; note: string | null } {
  const allowed = domainsIn(tool.allowed_domains, `${at}.allowed_domains`);
  const blocked = domainsIn(tool.blocked_domains, `${at}.blocked_domains`);
  const location = locationIn(tool.user_location, `${at}.user_location`);
  if (tool.max_uses != null) ignored.add('tools.max_uses');
  return {
    hosted: {
      type: 'web_search',
      ...(allowed.length > 0 && { filters: { allowed_domains: allowed } }),
      ...(location && { user_location: location }),
    },
    note: blocked.length > 0 ? `Do not use these domains in web searches: ${blocked.join(', ')}.` : null,
  };
}
