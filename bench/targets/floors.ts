import { join } from 'node:path';
import { startProcess } from '../measure/process.ts';
import type { Target } from './target.ts';

const FLOORS = join(import.meta.dirname, '../floors');

/** Raw pass-through; answers every dialect with the upstream's Responses events. */
export const floor = (name: string, label: string, mode: 'gather' | 'pipe'): Target => ({
  name,
  label,
  answersIn: () => ({ dialect: 'responses', stream: true }),
  start: ({ node, dir, port, baseUrl }) =>
    startProcess(node, [join(FLOORS, 'floor.ts')], { dir, env: { PORT: String(port), UPSTREAM: baseUrl, FLOOR_MODE: mode } }),
});

export const floorTranslate = (name: string, label: string): Target => ({
  name,
  label,
  start: ({ node, dir, port, baseUrl }) =>
    startProcess(node, [join(FLOORS, 'floor-translate.ts')], { dir, env: { PORT: String(port), UPSTREAM: baseUrl } }),
});
