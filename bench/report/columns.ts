import { isLoad, isStartup, type LoadRecord, type Result, type StartupSize } from '../measure/record.ts';
import type { Scenario } from '../scenarios.ts';
import type { Steadied } from './steady.ts';

export type Row = Result & Partial<Steadied>;

/** One figure of a record, as a column. */
export interface Column {
  readonly title: string;
  readonly digits: number;
  readonly value: (row: Row) => number | null | undefined;
}

/** What ratios and scatter are shown of; `raw` is the same before it was steadied. */
export interface Main {
  readonly what: string;
  readonly value: (row: Row) => number | null | undefined;
  readonly raw?: (row: Row) => number | null | undefined;
}

const MB = 1e6;

const load =
  (pick: (record: LoadRecord) => number | null | undefined, divisor = 1) =>
  (row: Row): number | null => {
    const value = isLoad(row) ? pick(row) : null;
    return value == null ? null : value / divisor;
  };
const column = (title: string, digits: number, value: Column['value']): Column => ({ title, digits, value });

const perRequest = column('CPU µs/req', 1, (row) => row.steadyReq);
const perEvent = column('CPU µs/event', 2, (row) => row.steadyEvent);
const rate = column(
  'req/s',
  0,
  load((r) => r.rps),
);
const cpu = column(
  'CPU %',
  0,
  load((r) => r.cpuPct),
);
const foreign = column(
  'foreign %',
  0,
  load((r) => r.foreignPct),
);

const LOAD: readonly Column[] = [
  perRequest,
  perEvent,
  rate,
  column(
    'content ms p50',
    2,
    load((r) => r.content?.p50),
  ),
  column(
    'p90',
    2,
    load((r) => r.content?.p90),
  ),
  column(
    'p99',
    2,
    load((r) => r.content?.p99),
  ),
  column(
    'last ms p50',
    2,
    load((r) => r.last?.p50),
  ),
  column(
    'p99',
    2,
    load((r) => r.last?.p99),
  ),
  column(
    'peak RSS MB',
    0,
    load((r) => r.rssPeak, MB),
  ),
  cpu,
  column(
    'sys share',
    2,
    load((r) => r.sysShare),
  ),
  foreign,
];

const PACED: readonly Column[] = [
  perEvent,
  cpu,
  column(
    'events/s',
    0,
    load((r) => r.eps),
  ),
  column(
    'event ms p50',
    2,
    load((r) => r.event?.p50, 1000),
  ),
  column(
    'p90',
    2,
    load((r) => r.event?.p90, 1000),
  ),
  column(
    'p99',
    2,
    load((r) => r.event?.p99, 1000),
  ),
  column(
    'RSS MB',
    0,
    load((r) => r.rssLoad, MB),
  ),
  column(
    'upstream %',
    0,
    load((r) => r.upstreamPct),
  ),
  column(
    'loadgen %',
    0,
    load((r) => r.loadgenPct),
  ),
  foreign,
];

const SOAK: readonly Column[] = [
  perRequest,
  rate,
  column(
    'last ms p99',
    1,
    load((r) => r.last?.p99),
  ),
  column(
    'aborted',
    0,
    load((r) => r.aborted),
  ),
  column(
    'upstream streams left',
    0,
    load((r) => r.upstreamActive),
  ),
  column(
    'RSS start MB',
    0,
    load((r) => r.rssReady, MB),
  ),
  column(
    'peak',
    0,
    load((r) => r.rssPeak, MB),
  ),
  column(
    'after',
    0,
    load((r) => r.rssEnd, MB),
  ),
  column(
    'drift MB/min',
    2,
    load((r) => r.drift),
  ),
  foreign,
];

const size = (n: number, pick: (s: StartupSize) => number | null) => (row: Row) => {
  const found = isStartup(row) ? row.sizes[n] : undefined;
  return found && pick(found);
};
const startup = (n: number): Column[] => [
  column(
    `${n}: answer ms`,
    0,
    size(n, (s) => s.readyMs),
  ),
  column(
    'settled ms',
    0,
    size(n, (s) => s.settledMs),
  ),
  column(
    'CPU ms',
    0,
    size(n, (s) => s.cpuMs),
  ),
  column(
    'RSS MB',
    0,
    size(n, (s) => s.rssSettled / MB),
  ),
];

export function columnsOf(s: Scenario): readonly Column[] {
  if (s.kind === 'startup') return (s.sizes ?? []).flatMap(startup);
  const columns = { load: LOAD, paced: PACED, soak: SOAK }[s.kind];
  return s.accounts >= 1000
    ? [
        ...columns,
        column(
          'accounts used',
          0,
          load((r) => r.accountsSeen),
        ),
      ]
    : columns;
}

const cpuPerRequest: Main = { what: 'CPU', value: (row) => row.steadyReq, raw: load((r) => r.cpuReq) };
const cpuPerEvent: Main = { what: 'CPU', value: (row) => row.steadyEvent, raw: load((r) => r.cpuEvent) };

/** The first one is the primary figure of the scenario. */
export const MAIN: Record<Scenario['kind'], readonly [Main, ...Main[]]> = {
  load: [cpuPerRequest, { what: 'req/s', value: rate.value }],
  paced: [cpuPerEvent],
  soak: [cpuPerRequest],
  startup: [{ what: 'time', value: size(1, (s) => s.readyMs) }],
};
