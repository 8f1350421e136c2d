/** Snapshots of the response before its end. */
export const SNAPSHOT_EVENTS: ReadonlySet<string> = new Set(['response.created', 'response.queued', 'response.in_progress']);

const HOSTED_ITEM = /^response\.([a-z]+(?:_[a-z]+)*?_call|mcp_list_tools)(?:_[a-z]+)?\./;

/** The item type that an event of a hosted tool belongs to (`response.web_search_call.searching`); null for other events. */
export const hostedItemType = (type: string): string | null => HOSTED_ITEM.exec(type)?.[1] ?? null;
