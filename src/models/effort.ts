/** Effort levels of the wire, from least to most. `ultra` is a client-side mode that few models list. */
export const EFFORT_ORDER = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max', 'ultra'] as const;

export type Effort = (typeof EFFORT_ORDER)[number];

export const isEffort = (text: string): text is Effort => (EFFORT_ORDER as readonly string[]).includes(text);

/**
 * The level that is sent when `asked` is asked of a model: itself if the model has it, else the nearest lower one, else the
 * nearest higher one. `levels` null: the model's levels are not known, so nothing is clamped; only `ultra`, which the backend
 * refuses unless a catalogue lists it, becomes `max`.
 */
export function clampEffort(asked: Effort, levels: readonly string[] | null): Effort {
  const wanted = asked === 'ultra' && !levels?.includes('ultra') ? 'max' : asked;
  if (levels === null) return wanted;
  const listed = EFFORT_ORDER.filter((level) => levels.includes(level));
  if (listed.length === 0) return wanted;
  const rank = EFFORT_ORDER.indexOf(wanted);
  return listed.findLast((level) => EFFORT_ORDER.indexOf(level) <= rank) ?? listed[0]!;
}
