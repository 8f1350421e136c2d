/** An answer as SSE frames: opening frames, one frame per delta, closing frames, which may repeat the whole text. */
export interface Events {
  readonly head: readonly string[];
  readonly deltas: readonly string[];
  readonly tail: (whole: string) => string[];
}

export type DeltaOf = (i: number) => string;

export const frame = (event: { type: string; [field: string]: unknown }): string =>
  `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
