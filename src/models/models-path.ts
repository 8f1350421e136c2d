/** The model list and its entries, under every base URL; all dialects share it. */
export const MODELS_PATH = /^\/(?:(?:v1\/){0,2}|backend-api\/codex\/)models(?:\/|$)/;
