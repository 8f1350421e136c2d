import { direct } from './direct.ts';
import { floor, floorTranslate } from './floors.ts';
import { ours } from './ours.ts';
import type { Target } from './target.ts';

const KNOWN: Readonly<Record<string, (name: string, label: string) => Target>> = {
  direct: (name, label) => ({ ...direct, name, label }),
  floor: (name, label) => floor(name, label, 'gather'),
  'floor-pipe': (name, label) => floor(name, label, 'pipe'),
  'floor-translate': floorTranslate,
  ours,
};

/** `ours`, or `ours@b`, whose label picks another binary or build. */
export function targetNamed(name: string): Target {
  const [kind = '', label = ''] = name.split('@');
  const make = KNOWN[kind];
  if (!make) throw new Error(`no target ${kind}; there are ${Object.keys(KNOWN).join(', ')}`);
  return make(name, label);
}
