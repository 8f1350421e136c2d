export type JsonObject = Record<string, unknown>;

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value);

export const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? (value as unknown[]) : []);

export const objectsOf = (value: unknown): JsonObject[] => listOf(value).filter(isObject);

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
