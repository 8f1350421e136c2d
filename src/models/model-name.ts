import { Effort, isEffort } from './effort.js';

/** A model name taken apart. `effort`: `auto` means that the name forbids one; null that it says nothing. */
export interface ModelName {
  readonly base: string;
  readonly effort: Effort | 'auto' | null;
  readonly fast: boolean;
  /** The model gets the tool that makes pictures. */
  readonly image: boolean;
}

const CONTEXT_MARKER = /(?:\[1m\]|-1m)$/i;
const FAST = /-fast$/i;
const IMAGE = /-image$/i;
const VENDOR_LIKE = /^(?:gpt-|codex-|o\d)\S*$/i;

/** Whether an unlisted name looks like one of the vendor's, and is passed on for the backend to judge. */
export const looksLikeVendorModel = (name: string): boolean => VENDOR_LIKE.test(name);

/**
 * Takes `base[-effort][-fast][-image]` apart, in any case. A marker of the context size (`[1m]`, `-1m`) is dropped wherever it stands among the
 * suffixes. `isBase` stops the search: what it knows is a base even if it ends like a suffix (`gpt-5.1-codex-max`).
 */
export function parseModelName(name: string, isBase: (name: string) => boolean): ModelName {
  let base = name.trim();
  let fast = false;
  let image = false;
  while (!isBase(base)) {
    if (CONTEXT_MARKER.test(base)) base = base.replace(CONTEXT_MARKER, '');
    else if (!fast && FAST.test(base)) {
      fast = true;
      base = base.replace(FAST, '');
    } else if (!image && IMAGE.test(base)) {
      image = true;
      base = base.replace(IMAGE, '');
    } else break;
  }
  if (isBase(base)) return { base, effort: null, fast, image };
  const cut = base.lastIndexOf('-');
  const suffix = base.slice(cut + 1).toLowerCase();
  if (cut > 0 && (suffix === 'auto' || isEffort(suffix)))
    return { base: base.slice(0, cut).replace(CONTEXT_MARKER, ''), effort: suffix, fast, image };
  return { base, effort: null, fast, image };
}
