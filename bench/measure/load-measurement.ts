import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, LoadResult } from '../loadgen/job.ts';
import { slope, watchMemory, type MemorySample } from '../meter/memory.ts';
import { rss } from '../meter/proc-tree.ts';
import type { Scenario } from '../scenarios.ts';
import type { Target } from '../targets/target.ts';
import { runLoad } from './load-process.ts';
import { settle } from './probe.ts';
import type { LoadRecord } from './record.ts';
import type { Session } from './session.ts';
import { requestSpec, withTarget, type Running } from './with-target.ts';

const VERIFY_EVERY = 50;
const TIMEOUT_MS = 15_000;
const MANY_ACCOUNTS = 1000;

const us = (ms: number | undefined, per: number) => (ms && per ? (ms * 1000) / per : null);

function job(s: Scenario, target: Target, session: Session, { started, address }: Running): Job {
  const { mode, conns, rate = 0, prewarmMs = 0, rampMs = 0, warmMs, windowMs, drainMs = 0 } = s;
  return {
    ...{ mode, conns, rate, prewarmMs, rampMs, warmMs, windowMs, drainMs },
    ...address,
    timeoutMs: TIMEOUT_MS,
    verifyEvery: VERIFY_EVERY,
    specs: (s.mix ?? [s]).map((question) => requestSpec(question, target, address, session.model)),
    target: started.pid,
    upstream: session.upstreamPid,
  };
}

/** What the load generator saw, per request and per second. */
function figures(r: LoadResult) {
  const { requests, events, errors, unfinished, kinds, verified, aborted, late, first, content, last, event, active, threads } = r;
  const { target, upstream, self, machine, steal } = r.cpu;
  const percent = (ms: number) => (ms / r.ms) * 100;
  return {
    ...{ requests, events, errors, unfinished, kinds, verified, aborted, late, first, content, last, event, active, threads },
    rps: requests / (r.ms / 1000),
    eps: events / (r.ms / 1000),
    mbps: r.bytes / 1e3 / r.ms,
    cpuReq: us(target?.total, requests),
    cpuEvent: us(target?.total, events),
    cpuPct: target && percent(target.total),
    sysShare: target && target.sys / target.total,
    upstreamReq: us(upstream.total, requests),
    loadgenReq: us(self, requests),
    upstreamPct: percent(upstream.total),
    loadgenPct: percent(self),
    foreignPct: percent(machine - (target?.total ?? 0) - upstream.total - self),
    stealPct: percent(steal),
  };
}

/** Memory at four moments, and what the upstream has seen where that tells something. */
async function afterwards(s: Scenario, session: Session, pid: number | null, series: readonly MemorySample[]) {
  const soak = s.kind === 'soak';
  await sleep(soak ? 3000 : 300);
  const stats = soak || s.accounts >= MANY_ACCOUNTS ? await session.upstreamStats() : null;
  session.countAccounts(false);
  const upstream = { upstreamActive: stats?.active, upstreamAborted: stats?.aborted };
  const history = { drift: slope(series), series: series.map(([t, bytes]): MemorySample => [Math.round(t), bytes]) };
  return { accountsSeen: stats?.accounts, rssEnd: pid === null ? 0 : rss(pid), ...(soak && { ...upstream, ...history }) };
}

/** One scenario against one fresh process of a target. */
export function measureLoad(target: Target, s: Scenario, session: Session): Promise<LoadRecord> {
  return withTarget(target, s, session, s.accounts, async (running) => {
    const { started } = running;
    const { pid } = started;
    if (s.accounts >= MANY_ACCOUNTS && pid !== null) await settle(pid);
    const rssReady = pid === null ? 0 : rss(pid);
    const memory = pid === null ? null : watchMemory(pid, s.kind === 'soak' ? 500 : 100);
    if (s.accounts >= MANY_ACCOUNTS) session.countAccounts(true);
    const result = await runLoad(job(s, target, session, running), session.live).finally(() => memory?.stop());
    const { peak, series } = memory?.stop() ?? { peak: 0, series: [] };
    const after = await afterwards(s, session, pid, series);
    if (started.exited) throw new Error(`died under load: ${started.log(800)}`);
    return { ...figures(result), rssReady, rssLoad: result.rssEnd, rssPeak: peak, ...after };
  });
}
