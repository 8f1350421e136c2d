import { parseArgs } from 'node:util';

export const USAGE = `npm run bench -- [--targets direct,floor,floor-translate,ours] [--scenarios S2,S7,…|all] [--rounds 3]
             [--base floor,floor-translate] [--out file.json] [--window ms] [--model gpt-5.4] [--upstreams 1]
             [--max-minutes 120] [--noise 15] [--no-netns] [--list]
             [--target http://127.0.0.1:8080 [--target-name NAME] [--target-key KEY] [--target-pid PID]] [--upstream-port 18090]
npm run bench -- --report a.json,b.json [--base floor]
npm run bench -- --write-accounts DIR
`;

const text = (fallback: string) => ({ type: 'string' as const, default: fallback });
const flag = { type: 'boolean' as const, default: false };

const DECLARED = {
  targets: text('direct,floor,floor-translate,ours'),
  scenarios: text('S2,S3,S4,S7,S8,S8r'),
  base: text('floor,floor-translate'),
  rounds: text('3'),
  out: text(''),
  window: text('0'),
  model: text('gpt-5.4'),
  upstreams: text('1'),
  'upstream-port': text(''),
  'max-minutes': text('120'),
  noise: text('15'),
  report: text(''),
  target: text(''),
  'target-name': text('target'),
  'target-key': text(''),
  'target-pid': text(''),
  'write-accounts': text(''),
  'no-netns': flag,
  list: flag,
  help: flag,
};

const names = (list: string): string[] =>
  list
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);

function number(name: string, value: string): number {
  const n = Number(value);
  if (value === '' || !Number.isFinite(n) || n < 0) throw new Error(`--${name} must be a number, not "${value}"`);
  return n;
}

/** What the command line asks for; throws with one line when it cannot be read. */
export function readOptions(argv: readonly string[]) {
  const { values: v } = parseArgs({ args: [...argv], options: DECLARED });
  const numberOf = (name: 'rounds' | 'window' | 'upstreams' | 'max-minutes' | 'noise') => number(name, v[name]);
  const target = v.target
    ? {
        url: v.target,
        name: v['target-name'],
        key: v['target-key'],
        pid: v['target-pid'] ? number('target-pid', v['target-pid']) : null,
      }
    : null;
  return {
    targets: names(v.targets),
    scenarios: names(v.scenarios),
    base: names(v.base),
    rounds: numberOf('rounds'),
    out: v.out || null,
    /** Replaces the measuring window of every scenario; 0 = as declared. */
    windowMs: numberOf('window'),
    model: v.model,
    upstreams: numberOf('upstreams'),
    /** 0 = any free port; a server that runs already must know it beforehand. */
    upstreamPort: v['upstream-port'] ? number('upstream-port', v['upstream-port']) : target ? 18_090 : 0,
    maxMinutes: numberOf('max-minutes'),
    /** Per cent of one core that others may use. */
    noise: numberOf('noise'),
    report: names(v.report),
    target,
    writeAccounts: v['write-accounts'] || null,
    /** A server that runs already cannot be reached from another network namespace. */
    ownNetwork: !v['no-netns'] && !target,
    list: v.list,
    help: v.help,
  };
}

export type Options = ReturnType<typeof readOptions>;
