/** What is measured. Times are milliseconds; every scenario is bounded. */
export type Dialect = 'chat' | 'responses' | 'messages';

/** One kind of request, and what a complete answer to it holds. */
export interface Question {
  readonly dialect: Dialect;
  readonly stream: boolean;
  /** Which prepared answer the upstream gives, `burst-100`; see upstream/answers.ts. */
  readonly variant: string;
  /** Text deltas in that answer. */
  readonly n: number;
  readonly tools: boolean;
  readonly historyKb: number;
  /** Smallest request body the upstream accepts, so that nobody wins by dropping input. */
  readonly min?: number;
  /** Deltas carry their send time. */
  readonly paced?: boolean;
  /** Share in a mix. */
  readonly weight?: number;
  /** The client hangs up after so many deltas. */
  readonly abortAfter?: number;
}

export type ScenarioKind = 'load' | 'paced' | 'startup' | 'soak';

export interface Scenario extends Question {
  readonly id: string;
  readonly title: string;
  readonly kind: ScenarioKind;
  /** `closed`: each connection asks again when it has its answer; `open`: `rate` a second; `once`: one answer each. */
  readonly mode: 'closed' | 'open' | 'once';
  readonly conns: number;
  readonly accounts: number;
  readonly warmMs: number;
  readonly windowMs: number;
  readonly rate?: number;
  readonly prewarmMs?: number;
  readonly rampMs?: number;
  readonly drainMs?: number;
  /** Account counts of a start-up measurement. */
  readonly sizes?: readonly number[];
  readonly mix?: readonly Question[];
  /** The latency that is also shown as the difference to `direct`. */
  readonly added?: 'event' | 'content';
  /** The same scenario with fewer streams; both together give memory per stream. */
  readonly smaller?: string;
}

const STREAM: Question = { dialect: 'chat', stream: true, variant: 'burst-100', n: 100, tools: true, historyKb: 2 };
const SMALL: Question = { dialect: 'chat', stream: false, variant: 'burst-10', n: 10, tools: false, historyKb: 0 };
const LOAD = { kind: 'load', mode: 'closed', conns: 32, warmMs: 2000, windowMs: 4000, accounts: 10 } as const;
const PACED = { ...LOAD, ...STREAM, kind: 'paced', mode: 'once', paced: true, added: 'event' } as const;

const MIX: readonly Question[] = [
  { ...SMALL, weight: 38 },
  { ...STREAM, weight: 20 },
  { ...STREAM, weight: 20, dialect: 'responses', variant: 'utf-100' },
  { ...STREAM, weight: 10, dialect: 'messages' },
  { ...STREAM, weight: 10, variant: 'paced-25-5', n: 25, paced: true },
  { ...STREAM, weight: 2, variant: 'paced-200-5', n: 200, paced: true, abortAfter: 8 },
];

const BASIC: readonly Scenario[] = [
  { ...LOAD, ...SMALL, id: 'S1', title: 'Chat, not streamed, 10 events upstream' },
  { ...LOAD, ...STREAM, id: 'S2', title: 'Responses stream, 100 events', dialect: 'responses' },
  { ...LOAD, ...STREAM, id: 'S3', title: 'Chat stream, 100 events' },
  {
    ...LOAD,
    ...STREAM,
    id: 'S3o',
    title: 'Chat stream, 100 events, open loop at 100 requests/s',
    mode: 'open',
    rate: 100,
    conns: 512,
    prewarmMs: 2000,
    warmMs: 500,
  },
  { ...LOAD, ...STREAM, id: 'S4', title: 'Messages stream, 100 events', dialect: 'messages' },
  { ...LOAD, ...STREAM, id: 'S5', title: 'Chat stream, 1000 events', variant: 'burst-1000', n: 1000, conns: 16 },
  {
    ...PACED,
    id: 'S6',
    title: '500 paced Chat streams, 20 ms per event',
    variant: 'paced-600-20',
    n: 600,
    conns: 500,
    rampMs: 1000,
    warmMs: 500,
    windowMs: 10000,
    drainMs: 5000,
    smaller: 'S6a',
  },
  {
    ...PACED,
    id: 'S6a',
    title: '100 paced Chat streams, 20 ms per event',
    variant: 'paced-350-20',
    n: 350,
    conns: 100,
    rampMs: 500,
    warmMs: 1000,
    windowMs: 5000,
    drainMs: 4000,
  },
  {
    ...LOAD,
    ...STREAM,
    id: 'S7',
    title: 'Responses stream with a 1 MB request',
    dialect: 'responses',
    variant: 'burst-10',
    n: 10,
    historyKb: 1000,
    min: 800_000,
    conns: 8,
  },
  {
    ...LOAD,
    ...SMALL,
    id: 'S8',
    title: 'One connection, one request at a time (Chat stream, 10 events)',
    stream: true,
    conns: 1,
    added: 'content',
  },
  { ...LOAD, ...SMALL, id: 'S9', title: 'Start-up until the first good answer', kind: 'startup', sizes: [1, 1000, 20_000] },
  { ...LOAD, ...SMALL, id: 'S10', title: 'As S1 with 20 000 accounts', accounts: 20_000 },
  {
    ...LOAD,
    ...STREAM,
    id: 'S11',
    title: 'Soak: mixed load, 2 % of requests aborted by the client',
    kind: 'soak',
    warmMs: 0,
    windowMs: 60_000,
    mix: MIX,
  },
];

/** The same scenario asked in the Responses dialect, as `S8r` is of `S8`. */
function onResponses(s: Scenario): Scenario {
  const dialect = 'responses';
  const title = s.title.includes('Chat') ? s.title.replace('Chat', 'Responses') : `${s.title} (Responses)`;
  const mix = s.mix?.map((question): Question => ({ ...question, dialect }));
  return { ...s, id: `${s.id}r`, title, dialect, mix, smaller: s.smaller && `${s.smaller}r` };
}

const TWINS = ['S1', 'S6', 'S6a', 'S8', 'S9', 'S10', 'S11'];

export const scenarios: readonly Scenario[] = BASIC.flatMap((s) => (TWINS.includes(s.id) ? [s, onResponses(s)] : [s]));
