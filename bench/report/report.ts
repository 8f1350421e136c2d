import { isFailure, isLoad, type Result } from '../measure/record.ts';
import type { MachineInfo } from '../measure/machine.ts';
import type { Scenario } from '../scenarios.ts';
import { num, table } from './format.ts';
import { scenarioTable } from './scenario-table.ts';
import { median } from './statistics.ts';

function problemOf(r: Result): string | null {
  if (isFailure(r)) return r.failure.slice(0, 500);
  if (!isLoad(r)) return null;
  if (!r.events) return 'nothing completed within the window';
  if (!r.errors && !r.unfinished) return null;
  return `${r.errors} errors, ${r.unfinished} unfinished ${JSON.stringify(r.kinds).slice(0, 400)}`;
}

function problems(results: readonly Result[]): string[] {
  const lines = results.flatMap((r) => {
    const problem = problemOf(r);
    return problem === null ? [] : [`- ${r.scenario} ${r.target} round ${r.round}: ${problem}`];
  });
  return lines.length ? [`### Problems\n\n${lines.join('\n')}\n`] : [];
}

/** What the harness itself costs, from the runs without a proxy. */
function harness(results: readonly Result[], scenarios: readonly Scenario[]): string[] {
  const rows = scenarios.flatMap((s) => {
    const direct = results
      .filter((r) => r.target === 'direct' && r.scenario === s.id)
      .filter(isLoad)
      .filter((r) => r.requests);
    if (!direct.length) return [];
    const mid = (key: 'rps' | 'upstreamReq' | 'loadgenReq') => median(direct.map((r) => r[key]));
    return [[s.id, num(mid('rps')), num(mid('upstreamReq'), 1), num(mid('loadgenReq'), 1)]];
  });
  if (!rows.length) return [];
  const head = ['scenario', 'req/s', 'upstream CPU µs/req', 'load generator CPU µs/req'];
  return [`### Harness alone (direct)\n\n${table(head, rows)}\n`];
}

export const machineLine = ({ cpu, cores, memory, kernel, speeds }: MachineInfo, node: string): string =>
  `Machine: ${cpu}, ${cores} cores, ${num(memory / 2 ** 30)} GiB, Linux ${kernel}; Node ${node}; yardstick ${speeds.join(' → ')}`;

/** All tables of a run, as Markdown. */
export function report(results: readonly Result[], scenarios: readonly Scenario[], bases: readonly string[]): string {
  const measured = scenarios.filter((s) => results.some((r) => r.scenario === s.id));
  const tables = measured.map((s) => scenarioTable(s, results, bases));
  return [...tables, ...harness(results, scenarios), ...problems(results)].join('\n');
}
