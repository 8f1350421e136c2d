import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestSpec } from '../loadgen/job.ts';
import type { Question, Scenario } from '../scenarios.ts';
import { nodeFor, type Target } from '../targets/target.ts';
import { assertRoute, untilReady, type Address } from './probe.ts';
import { freePort, stopProcess, type Started } from './process.ts';
import { requestBytes } from './request-body.ts';
import type { Session } from './session.ts';

export interface Running {
  readonly started: Started;
  readonly address: Address;
  readonly readyMs: number;
}

export function requestSpec(question: Question, target: Target, address: Address, model: string): RequestSpec {
  const { n, variant, paced = false, weight = 1, abortAfter } = question;
  const form = target.answersIn?.(question.dialect, question.stream) ?? question;
  const bytes = requestBytes(question, model, { ...address, headers: target.headers?.(question.dialect) });
  return { dialect: form.dialect, stream: form.stream, n, utf: variant.startsWith('utf'), paced, weight, abortAfter, bytes };
}

/** One question per dialect of the scenario, with multi-byte text, to see whether the target answers right. */
function probes(scenario: Scenario): Question[] {
  const questions = scenario.mix ?? [scenario];
  const first = questions.filter((q, i) => questions.findIndex((other) => other.dialect === q.dialect) === i);
  return first.map((q) => ({ ...q, variant: 'utf-30', n: 30, paced: false }));
}

/** Starts a fresh process of the target, waits for its first right answer, runs `work`, ends it. */
export async function withTarget<T>(
  target: Target,
  scenario: Scenario,
  session: Session,
  accounts: number,
  work: (running: Running) => Promise<T>,
): Promise<T> {
  const dir = mkdtempSync(join(session.dir, 'target-'));
  const { dir: cache, upstreamPort, baseUrl, live } = session;
  const port = await freePort();
  const { label } = target;
  const started = target.start({ dir, cache, port, upstreamPort, baseUrl, accounts, label, node: nodeFor(label) });
  const own = started.foreign ? null : started.pid;
  if (own !== null) live.add(own);
  try {
    const address = started.address ?? { host: '127.0.0.1', port };
    const [first, ...others] = probes(scenario).map((q) => requestSpec(q, target, address, session.model));
    const readyMs = await untilReady(started, first!, address, accounts > 100 ? 60_000 : 20_000);
    for (const spec of others) await assertRoute(spec, address);
    return await work({ started, address, readyMs });
  } finally {
    await stopProcess(started);
    if (own !== null) live.delete(own);
    rmSync(dir, { recursive: true, force: true });
  }
}
