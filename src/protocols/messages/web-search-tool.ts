import type { JsonObject } from '../../upstream/upstream-event.js';
import { IgnoredFields } from '../shared/ignored-fields.js';
import { integerIn, listIn, objectIn, requiredString, stringIn } from './request-readers.js';

function domainsIn(given: unknown, path: string): string[] {
  return (listIn(given, path) ?? []).map((domain, i) => requiredString(domain, `${path}.${i}`));
}

const LOCATION = ['city', 'region', 'country', 'timezone'];

function locationIn(given: unknown, path: string): JsonObject | undefined {
  const location = objectIn(given, path);
  if (!location) return undefined;
  const known: JsonObject = {};
  for (const name of LOCATION) {
    const value = stringIn(location[name], `${path}.${name}`);
    if (value !== undefined) known[name] = value;
  }
  return { type: 'approximate', ...known };
}

/** The vendor's web search tool as the backend's. It knows only domains that are allowed; blocked ones are told in a sentence. */
export function webSearchTool(tool: JsonObject, at: string, ignored: IgnoredFields): { hosted: JsonObject; note: string | null } {
  const allowed = domainsIn(tool.allowed_domains, `${at}.allowed_domains`);
  const blocked = domainsIn(tool.blocked_domains, `${at}.blocked_domains`);
  const location = locationIn(tool.user_location, `${at}.user_location`);
  if (integerIn(tool.max_uses, `${at}.max_uses`, 0) !== undefined) ignored.add('tools.max_uses');
  return {
    hosted: {
      type: 'web_search',
      ...(allowed.length > 0 && { filters: { allowed_domains: allowed } }),
      ...(location && { user_location: location }),
    },
    note: blocked.length > 0 ? `Do not use these domains in web searches: ${blocked.join(', ')}.` : null,
  };
}
