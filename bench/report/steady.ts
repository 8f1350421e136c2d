import { isLoad, type LoadRecord, type Result } from '../measure/record.ts';
import { median } from './statistics.ts';

export interface Steadied {
  /** CPU per request and per event, scaled to the machine's usual speed. */
  readonly steadyReq: number | null;
  readonly steadyEvent: number | null;
}

/** This power of the harness's cost fits best. */
const FIT = 0.9;

const cost = (r: LoadRecord): number => (r.upstreamReq && r.requests ? r.upstreamReq + (r.loadgenReq ?? 0) : r.upstreamPct + r.loadgenPct);

/**
 * Upstream and load generator do the same work for every request of a target, so what they cost in a window tells how fast
 * the machine was then. Scaling a target's CPU by it, within that target only, halves the scatter.
 */
export function steady<T extends Result>(records: readonly T[]): (T & Partial<Steadied>)[] {
  const usual = median(records.map((r) => (isLoad(r) ? cost(r) : null)));
  return records.map((r) => {
    if (!isLoad(r)) return r;
    const factor = usual && cost(r) ? (usual / cost(r)) ** FIT : 1;
    return { ...r, steadyReq: r.cpuReq && r.cpuReq * factor, steadyEvent: r.cpuEvent && r.cpuEvent * factor };
  });
}
