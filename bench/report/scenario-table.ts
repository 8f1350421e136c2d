import { isFailure, isLoad, type Result } from '../measure/record.ts';
import type { Scenario } from '../scenarios.ts';
import { columnsOf, MAIN, type Row } from './columns.ts';
import { NOTHING, num, ratioText, table } from './format.ts';
import { deviation, median, roundRatio } from './statistics.ts';
import { steady } from './steady.ts';

interface Cells {
  readonly head: readonly string[];
  cells(rows: readonly Row[], target: string): string[];
}

type RowsOf = (target: string) => readonly Row[];

function scatter(rows: readonly Row[], value: (row: Row) => number | null | undefined): string {
  const values = rows.map(value).filter((x): x is number => x != null);
  return values.length > 1 ? `±${num((deviation(values) / median(values)!) * 100)} %` : NOTHING;
}

function figures(s: Scenario): Cells {
  const columns = columnsOf(s);
  return {
    head: columns.map((column) => column.title),
    cells: (rows) => columns.map((column) => num(median(rows.map((row) => column.value(row))), column.digits)),
  };
}

/** Memory per open stream: what many streams hold more than few. */
function perStream(s: Scenario, all: readonly Result[]): Cells {
  const few = all.filter((r) => r.scenario === s.smaller).filter(isLoad);
  if (!few.length) return { head: [], cells: () => [] };
  const middle = (rows: readonly Row[], key: 'rssLoad' | 'active') => median(rows.filter(isLoad).map((r) => r[key])) ?? NaN;
  const cells = (rows: readonly Row[], target: string) => {
    const other = few.filter((r) => r.target === target);
    if (!other.length || !middle(rows, 'rssLoad')) return [NOTHING];
    const bytes = middle(rows, 'rssLoad') - middle(other, 'rssLoad');
    return [num(bytes / (middle(rows, 'active') - middle(other, 'active')) / 1000, 1)];
  };
  return { head: ['RSS KB/stream'], cells };
}

function scatters(s: Scenario): Cells {
  const [main] = MAIN[s.kind];
  const { value, raw } = main;
  return {
    head: ['scatter', ...(raw ? ['raw scatter'] : [])],
    cells: (rows) => [scatter(rows, value), ...(raw ? [scatter(rows, raw)] : [])],
  };
}

function ratios(s: Scenario, bases: readonly string[], rowsOf: RowsOf): Cells {
  const pairs = bases.flatMap((base) => MAIN[s.kind].map((main) => ({ base, main })));
  return {
    head: pairs.map(({ base, main }) => `${main.what} ×${base}`),
    cells: (rows) => pairs.map(({ base, main }) => ratioText(roundRatio(rows, rowsOf(base), (row) => main.value(row)))),
  };
}

/** Latency beyond `direct`, in µs, taken within each round. */
function added(s: Scenario, rowsOf: RowsOf): Cells {
  const direct = rowsOf('direct').filter(isLoad);
  const { added: key } = s;
  if (!direct.length || !key) return { head: [], cells: () => [] };
  const unit = key === 'content' ? 1000 : 1;
  const beyond = (row: Row, q: 'p50' | 'p99') => {
    const base = direct.find((d) => d.round === row.round)?.[key];
    const own = isLoad(row) ? row[key] : null;
    return base && own ? (own[q] - base[q]) * unit : null;
  };
  return {
    head: ['added µs p50', 'added µs p99'],
    cells: (rows) => (['p50', 'p99'] as const).map((q) => num(median(rows.map((row) => beyond(row, q))))),
  };
}

/** Per target the median of the rounds, its scatter, and the ratio to the base targets; a `!` marks errors. */
export function scenarioTable(s: Scenario, all: readonly Result[], bases: readonly string[]): string {
  const good = all.filter((r) => r.scenario === s.id && !isFailure(r));
  const names = [...new Set(good.map((r) => r.target))];
  const groups = new Map(names.map((name) => [name, steady(good.filter((r) => r.target === name))]));
  const rowsOf: RowsOf = (name) => groups.get(name) ?? [];
  const here = bases.filter((base) => groups.has(base));
  const parts = [figures(s), perStream(s, all), scatters(s), ratios(s, here, rowsOf), added(s, rowsOf)];
  const lines = names.map((name) => {
    const rows = rowsOf(name);
    const faulty = rows.filter(isLoad).some((r) => r.errors || r.unfinished);
    return [faulty ? `${name} !` : name, String(rows.length), ...parts.flatMap((part) => part.cells(rows, name))];
  });
  return `### ${s.id} ${s.title}\n\n${table(['target', 'n', ...parts.flatMap((part) => part.head)], lines)}\n`;
}
