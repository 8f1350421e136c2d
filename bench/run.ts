/** Measures gateways from outside, side by side with two floors. `npm run bench -- --help`; README.md says how it measures. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { machineInfo, speed } from './measure/machine.ts';
import type { Result } from './measure/record.ts';
import { Session } from './measure/session.ts';
import { runInOwnNetwork } from './network.ts';
import { readOptions, USAGE, type Options } from './options.ts';
import { machineLine, report } from './report/report.ts';
import { Rounds, type Plan } from './rounds.ts';
import { scenarios as all, type Scenario } from './scenarios.ts';
import { writeAccounts } from './targets/accounts.ts';
import { targetNamed } from './targets/registry.ts';
import { running } from './targets/running.ts';
import { nodeFor } from './targets/target.ts';

const RESULTS = join(import.meta.dirname, 'results');
const ROUNDS_APART = 1000;
const ACCOUNTS = 10;

function scenarioNamed(id: string): Scenario {
  const found = all.find((s) => s.id === id);
  if (!found) throw new Error(`no scenario ${id}; there are ${all.map((s) => s.id).join(', ')}`);
  return found;
}

function planOf(options: Options): Plan {
  const chosen = options.scenarios.includes('all') ? all : options.scenarios.map(scenarioNamed);
  const { windowMs, rounds, noise, maxMinutes } = options;
  return {
    targets: [...options.targets.map(targetNamed), ...(options.target ? [running(options.target)] : [])],
    // Start-up has no window, and that of paced streams goes with their length.
    scenarios: windowMs ? chosen.map((s) => (s.kind === 'load' || s.kind === 'soak' ? { ...s, windowMs } : s)) : chosen,
    rounds,
    noise,
    deadline: Date.now() + maxMinutes * 60_000,
  };
}

/** The tables of earlier runs again, together. */
function reportAgain(files: readonly string[], bases: readonly string[]): void {
  const results = files.flatMap((file, i) => {
    const run = JSON.parse(readFileSync(file, 'utf8')) as { results: Result[] };
    return run.results.map((r) => ({ ...r, round: r.round + i * ROUNDS_APART }));
  });
  console.log(report(results, all, bases));
}

function list({ targets }: Plan): void {
  for (const s of all) console.log(s.id.padEnd(5), s.title);
  for (const target of targets) console.log(target.name, target.missing?.() ?? 'ready');
}

async function measure(options: Options, plan: Plan): Promise<void> {
  const session = new Session(options.model, { port: options.upstreamPort, workers: options.upstreams });
  process.on('exit', () => session.close());
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => process.exit(130));
  await session.ready();
  if (options.target) console.error(`the upstream of ${options.target.name} must be ${session.baseUrl}`);
  const started = new Date();
  const before = speed();
  const { results, skipped } = await new Rounds(plan, session).run();
  const machine = machineInfo([before, speed()]);
  console.log(`\n${report(results, plan.scenarios, options.base)}\n${machineLine(machine, process.version)}`);
  for (const line of skipped) console.log(`skipped ${line}`);
  const file = options.out ?? join(RESULTS, `${started.toISOString().replace(/[:.]/g, '-')}.json`);
  const node = { harness: process.version, targets: Object.fromEntries(plan.targets.map((t) => [t.name, nodeFor(t.label)])) };
  const { scenarios } = plan;
  // The key of a running server stays out of the file.
  const asked = { ...options, target: options.target && { ...options.target, key: '' } };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ started, ended: new Date(), options: asked, machine, node, skipped, scenarios, results }, null, 1));
  console.log(`written ${file}`);
}

async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options.help) console.log(USAGE);
  else if (options.writeAccounts) writeAccounts(options.writeAccounts, ACCOUNTS);
  else if (options.report.length) reportAgain(options.report, options.base);
  else {
    const plan = planOf(options);
    if (options.list) list(plan);
    else {
      const code = options.ownNetwork ? await runInOwnNetwork(import.meta.filename, argv) : null;
      if (code !== null) return code;
      await measure(options, plan);
    }
  }
  return 0;
}

try {
  process.exit(await main(process.argv.slice(2)));
} catch (e) {
  console.error((e as Error).message);
  process.exit(2);
}
