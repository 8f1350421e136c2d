/** Limit families of the backend whose models are known. A family that is missing here limits the requested model alone. */
const FAMILIES: readonly { readonly id: string; readonly has: (model: string) => boolean }[] = [
  { id: 'codex_bengalfox', has: (model) => model.includes('spark') || model.includes('bengalfox') },
];

/** The family in which a model is counted apart from the account's default limit; null where it is not. */
export const familyOf = (model: string): string | null => FAMILIES.find((family) => family.has(model))?.id ?? null;

/** Whether the models of a family are known, so that the family as a whole can be paused. */
export const isKnownFamily = (family: string): boolean => FAMILIES.some(({ id }) => id === family);

/**
 * What an exhausted limit pauses: `*` (the default limit), the family's id, or the model alone where it is not known to belong to the
 * family: a pause that does not cover the model that was refused would send the next request into the same refusal.
 */
export const limitScope = (family: string | null, model: string): string => {
  if (family === null) return '*';
  return familyOf(model) === family ? family : model;
};
